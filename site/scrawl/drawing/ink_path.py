"""A drawing's path as the kernel draws it (`site/kernel/pen.c`): one array of numbers, which grows with the strokes.

A drawing with a sample or an image beneath is no path, nor one of which an eraser has left no line; the pad's ink is
sent instead. What erasing leaves is `erased_lines`' concern, which comes with the tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.arrays import Float32Array

    from scrawl.drawing.erased_lines import Line
    from scrawl.state.drawing import Drawing, Point

# Width of the pen on the pad → in the field, as a part of the path's longer side, whatever that is on the pad.
PEN_SHARES = {12.0: 0.07, 21.0: 0.1, 34.0: 0.13}
USUAL_SHARE = 0.1


class InkPath:
    """Follows a drawing; what it has taken in already is not converted again."""

    def __init__(self) -> None:
        self.erased: Callable[[Drawing], list[Line]] = lambda _drawing: []  # until there are tools
        self._numbers = window.Float32Array.new(1024)
        self._length = 0  # of what is in use
        self._head = 0  # where the last stroke starts
        self._taken = (-1, 0, 0)  # the drawing's rewrites, its strokes, and the points of the last one

    def of(self, drawing: Drawing) -> Float32Array | None:
        """Return a copy of the drawing's path, None where it has other ink than a pen's."""
        strokes = drawing.strokes()
        if drawing.ground()[0] != "clear":
            return None
        if any(erases for _kind, _points, _width, erases in strokes):
            lines = self.erased(drawing)
            return _path(lines) if lines else None
        rewrites, count, points = self._taken
        if rewrites != drawing.rewrites:
            self._length = count = points = 0
        for place in range(max(count - 1, 0), len(strokes)):
            _kind, line, width, _erases = strokes[place]
            if place >= count:
                self._start_stroke(width)
                points = 0
            self._extend_stroke(line[points:], len(line))
        self._taken = (drawing.rewrites, len(strokes), len(strokes[-1][1]) if strokes else 0)
        return self._numbers.slice(0, self._length)

    def _start_stroke(self, width: float) -> None:
        self._head = self._length
        self._append([0, PEN_SHARES.get(width, USUAL_SHARE)])

    def _extend_stroke(self, points: list[Point], count: int) -> None:
        self._append([coordinate for point in points for coordinate in point])
        self._numbers[self._head] = count

    def _append(self, numbers: list[float]) -> None:
        end = self._length + len(numbers)
        if end > self._numbers.length:
            larger = window.Float32Array.new(2 * end)
            larger.set(self._numbers, 0)
            self._numbers = larger
        self._numbers.set(numbers, self._length)
        self._length = end


def _path(lines: list[Line]) -> Float32Array:
    numbers: list[float] = []
    for width, points in lines:
        numbers += [len(points), PEN_SHARES.get(width, USUAL_SHARE)]
        numbers += [coordinate for point in points for coordinate in point]
    return window.Float32Array.new(numbers)
