"""What an eraser leaves of the strokes before it, as lines again: a small drawing still needs a thin pen. Pure.

A line loses the points that the eraser has covered, and may fall into several. Ink that was only thinned at its edge
stays as it was: a line has no edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state.drawing import smooth

if TYPE_CHECKING:
    from scrawl.state.drawing import Drawing, Point

    type Line = tuple[float, list[Point]]  # the pen's width, and where it went

FINE = 3.0  # units between two points of a line that can be cut


class ErasedLines:
    """Follows a drawing: only what is new of an eraser's stroke is cut away, since it grows under the pointer."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._taken = (-1, 0, 0)  # the drawing's rewrites, its strokes, and the points of the last one

    def of(self, drawing: Drawing) -> list[Line]:
        """Return the lines that are left."""
        strokes = drawing.strokes()
        rewrites, count, points = self._taken
        if rewrites != drawing.rewrites:
            count = points = 0
            self._lines = []
        for place in range(max(count - 1, 0), len(strokes)):
            _kind, line, width, erases = strokes[place]
            first = points if place == count - 1 else 0
            if erases:
                self._erase(line[max(first - 1, 0) :], width / 2, first == 0)
            elif not first:
                self._lines.append((width, line))  # the list itself, which grows
        self._taken = (drawing.rewrites, len(strokes), len(strokes[-1][1]) if strokes else 0)
        return self._lines

    def _erase(self, line: list[Point], radius: float, starts: bool) -> None:
        if starts:  # no line before it can grow any more
            self._lines = [(width, fine(points)) for width, points in self._lines]
        for x, y in between(line, radius / 2):
            self._lines = [
                (width, piece) for width, points in self._lines for piece in without_disc(points, x, y, radius)
            ]


def fine(line: list[Point]) -> list[Point]:
    """Return the line as it is painted, by points that are close together."""
    points = [line[0]]
    for x0, y0, cx, cy, x1, y1 in smooth(line, 0):
        count = int((abs(x1 - x0) + abs(y1 - y0)) / FINE) + 1
        for step in range(1, count + 1):
            t = step / count
            a, b, c = (1 - t) * (1 - t), 2 * t * (1 - t), t * t
            points.append((a * x0 + b * cx + c * x1, a * y0 + b * cy + c * y1))
    return points


def between(line: list[Point], most: float) -> list[Point]:
    """Return the points, and others between them, so that none is further than `most` from the next in x or y."""
    points = line[:1]
    for place in range(1, len(line)):
        (px, py), (qx, qy) = line[place - 1], line[place]
        count = int(max(abs(qx - px), abs(qy - py)) / most) + 1
        points += [(px + (qx - px) * step / count, py + (qy - py) * step / count) for step in range(1, count + 1)]
    return points


def without_disc(line: list[Point], x: float, y: float, radius: float) -> list[list[Point]]:
    """Return what a round eraser leaves of a line: pieces, of which single points do not count."""
    square = radius * radius
    kept = [(px - x) * (px - x) + (py - y) * (py - y) > square for px, py in line]
    if all(kept):
        return [line]
    pieces: list[list[Point]] = [[]]
    for point, stays in zip(line, kept, strict=True):
        if stays:
            pieces[-1].append(point)
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if len(piece) > 1]
