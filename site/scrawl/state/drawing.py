"""A drawing: strokes on a square of 280 × 280 units, with undo, redo and clear.

Pure. `pad_view` paints it, and the kernel turns its ink into a picture of 28×28 pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal

    from scrawl.net.interfaces import Bytes

    type Piece = tuple[float, float, float, float, float, float]  # of a curve: start, control point, end
    type Point = tuple[float, float]
    type Stroke = tuple[Literal["stroke"], list[Point], float, bool]  # points, width, whether it erases
    type Sample = tuple[Literal["sample"], Bytes, int]  # 28×28 bytes, label
    type Image = tuple[Literal["image"], Bytes, list[str]]  # 280×280 bytes, codes of what may be wrong with it
    type Ground = Sample | Image | tuple[Literal["clear"]]  # that a sheet starts with
    type Action = Stroke | Ground

SIDE = 280.0  # of the drawing surface, whatever its size on the screen
PEN = 21.0  # width of the pen: about two of MNIST's pixels once a digit fills the surface


class Drawing:
    """Everything drawn so far, in order. A clear, a sample or an image starts a new sheet, and can itself be undone.

    In samples and images 255 is full ink.
    """

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.undone: list[Action] = []  # what redo brings back, the next one last
        self.pen = PEN  # width of the next stroke
        self.erasing = False  # whether it takes ink away
        self.revision = 0  # changes whenever the drawing does
        self.rewrites = 0  # changes whenever it does more than grow
        self.lifts = 0  # how often the pen was lifted
        self._growing: Stroke | None = None  # the stroke that was started last

    def start_stroke(self, x: float, y: float) -> None:
        """Put the pen down."""
        stroke: Stroke = ("stroke", [within(x, y)], self.pen, self.erasing)
        self._growing = stroke
        self._add(stroke)

    def extend_stroke(self, points: list[Point]) -> None:
        """Move the pen through further points; those that repeat the last one are left out.

        Nothing happens if the stroke is no longer the newest action: a sample has come meanwhile, or it was undone.
        """
        if self._growing is None or not self._is_newest(self._growing):
            return
        stroke = self._growing[1]
        for x, y in points:
            point = within(x, y)
            if point != stroke[-1]:
                stroke.append(point)
                self.revision += 1

    def lift_pen(self) -> None:
        """End the stroke: nothing is provisional any more (`smooth`), and what is painted then is read once more."""
        self.lifts += 1
        self.revision += 1

    def drop_stroke(self) -> None:
        """Take away the stroke that was started last, for good, if nothing came after it: it was not meant."""
        if self._growing is not None and self._is_newest(self._growing):
            self.actions.pop()
            self.revision += 1
            self.rewrites += 1

    def clear(self) -> None:
        """Take a new, empty sheet."""
        if not self.is_blank():
            self._add(("clear",))
            self.rewrites += 1

    def show_sample(self, picture: Bytes, label: int) -> None:
        """Take a new sheet with a picture of 28×28 bytes on it, to look at or to draw over."""
        self._add(("sample", picture, label))
        self.rewrites += 1

    def show_image(self, picture: Bytes, warnings: list[str]) -> None:
        """Take a new sheet with an image of 280×280 bytes on it, which counts as ink drawn here."""
        self._add(("image", picture, warnings))
        self.rewrites += 1

    def undo(self) -> None:
        """Take back the last action."""
        self._move(self.actions, self.undone)

    def redo(self) -> None:
        """Do again what was last taken back."""
        self._move(self.undone, self.actions)

    def sheet(self) -> int:
        """Return where in `actions` the current sheet starts."""
        for place in range(len(self.actions) - 1, -1, -1):
            if self.actions[place][0] != "stroke":
                return place
        return -1

    def strokes(self) -> list[Stroke]:
        """Return the strokes on the current sheet."""
        return self.actions[self.sheet() + 1 :]  # type: ignore[return-value] # a sheet's other actions are strokes

    def ground(self) -> Ground:
        """Return the action that started the current sheet."""
        place = self.sheet()
        return self.actions[place] if place >= 0 else ("clear",)  # type: ignore[return-value] # it is no stroke

    def sample(self) -> tuple[Bytes, int] | None:
        """Return (picture, label) of the sample that the current sheet started with."""
        ground = self.ground()
        return ground[1:] if ground[0] == "sample" else None

    def image_warnings(self) -> list[str] | None:
        """Return what may be wrong with the image that the current sheet started with; None where it did not."""
        ground = self.ground()
        return ground[2] if ground[0] == "image" else None

    def is_blank(self) -> bool:
        """Whether there is nothing on the sheet; an eraser leaves nothing there."""
        return self.ground()[0] == "clear" and all(erases for _kind, _points, _width, erases in self.strokes())

    def _is_newest(self, action: Action) -> bool:
        return bool(self.actions) and self.actions[-1] is action

    def _add(self, action: Action) -> None:
        self.actions.append(action)
        self.undone.clear()
        self.revision += 1

    def _move(self, source: list[Action], target: list[Action]) -> None:
        if source:
            target.append(source.pop())
            self.revision += 1
            self.rewrites += 1


def within(x: float, y: float) -> Point:
    """Return the point, moved onto the drawing surface if it lies outside."""
    return min(max(x, 0.0), SIDE), min(max(y, 0.0), SIDE)


def to_surface(x: float, y: float, box: tuple[float, float, float, float]) -> Point:
    """Return a point of the screen in the surface's units; `box` is its left, top, width and height there."""
    left, top, width, height = box
    return (x - left) * SIDE / width, (y - top) * SIDE / height


def smooth(points: list[Point], first: int) -> list[Piece]:
    """Return the curve through the points, from the one at `first` on, as (x0, y0, cx, cy, x1, y1) pieces.

    Each piece is a quadratic curve between the middles of two neighbouring sections, bent towards the point between
    them; the last piece is the straight rest up to the newest point. So a stroke can be painted while it grows.
    """
    if len(points) == 1:
        x, y = points[0]
        return [(x, y, x, y, x, y)]
    pieces = []
    for place in range(max(first, 1), len(points)):
        (px, py), (qx, qy) = points[place - 1], points[place]
        x, y = (px + qx) / 2, (py + qy) / 2
        if place == 1:
            pieces.append((px, py, px, py, x, y))
        else:
            ox, oy = points[place - 2]
            pieces.append(((ox + px) / 2, (oy + py) / 2, px, py, x, y))
    (px, py), (qx, qy) = points[-2], points[-1]
    pieces.append(((px + qx) / 2, (py + qy) / 2, qx, qy, qx, qy))
    return pieces
