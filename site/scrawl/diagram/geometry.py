"""Where everything of the network's picture stands, for any size of the box, and which connection is near. Pure.

Lengths are CSS pixels. A connection is a curve that leaves and arrives level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.diagram.columns import Column

    type Point = tuple[float, float]
    type Curve = tuple[float, float, float, float]  # from x, y to x, y

HEAD = 20  # for the columns' names, where type has its usual size
PITCHES = (27, 21)  # at least, from one unit to the next, in one lane and in two: large enough for a finger
GAP = 4  # between two pictures
LANE_GAP = 10
MOST_UNITS = 18
LARGEST_TILE, LARGEST_DRAWING = 64, 260
SMALLEST_TILE = 10
FILTER = 0.6  # of the side of a map, before which it stands
TARGET = 24  # the smallest side of what can be pointed at
NEAR = 7  # pixels from a curve that still mean it


class PlacedColumn:
    """A column's place: squares of `size`, one at each of `tops`, from `x` on; units take turns in its `lanes`."""

    def __init__(self, column: Column, x: float, size: float, tops: list[float], lanes: int = 1) -> None:
        self.column = column
        self.x = x
        self.size = size
        self.tops = tops
        self.lanes = lanes
        self.filter_size = size * FILTER if has_filters(column) else 0.0
        self.lane_width = unit_width(column, size) + LANE_GAP

    def left(self, place: int = 0) -> float:
        """Return where a picture starts, or the filter before it."""
        return self.x + place % self.lanes * self.lane_width

    def picture(self, place: int) -> float:
        """Return where a picture starts."""
        return self.left(place) + self.lane_width - LANE_GAP - self.size

    def right(self) -> float:
        """Return where the column ends."""
        return self.picture(self.lanes - 1) + self.size

    def middle(self, place: int) -> float:
        """Return the height of a place's middle."""
        return self.tops[place] + self.size / 2


def has_filters(column: Column) -> bool:
    """Return whether each picture stands behind its filter."""
    return column.kind == "maps" and column.stage == 0


def unit_width(column: Column, size: float) -> float:
    """Return how wide a picture of this size is, with its filter."""
    return size * (1 + FILTER) + 3 if has_filters(column) else size


class Layout:
    """All columns, placed in a box, below `head` pixels for their names."""

    def __init__(self, columns: Sequence[Column], width: float, height: float, head: float = HEAD) -> None:
        self.width = width
        self.height = height
        self.head = head
        body = max(height - head, 40)
        hidden = len(columns) - 2
        side = min(
            body, LARGEST_DRAWING, width * (0.3 if hidden < 2 else 0.25 if hidden == 2 else 0.9 / (hidden + 2))
        )
        self.answers_width = max(46.0, min(150.0, width * 0.15))
        step = (width - side - self.answers_width) / (hidden + 1)
        self.columns = [PlacedColumn(columns[0], 1, side - 2, [head + (body - side) / 2 + 1])]
        for number, column in enumerate(columns[1:-1], 1):
            self.columns.append(_place(column, side + step * number, step, (head, body)))
        self.columns.append(_place_answers(columns[-1], width - self.answers_width, (head, body)))

    def curve(self, column: int, source: int, target: int) -> Curve:
        """Return the curve to a place of a column from a place of the one before."""
        below, above = self.columns[column - 1], self.columns[column]
        start = below.middle(source) if column > 1 else self._edge(target, len(above.tops))
        return (below.right(), start, above.left(), above.middle(target))

    def _edge(self, target: int, count: int) -> float:
        """Return where on the drawing's edge the connection to a unit of the first layer leaves."""
        drawing = self.columns[0]
        return drawing.tops[0] + drawing.size * (0.08 + 0.84 * (target + 0.5) / count)

    def target(self, column: int, place: int) -> tuple[float, float, float, float]:
        """Return x, y, width and height of what can be pointed at to mean a unit or an answer."""
        placed = self.columns[column]
        if column == len(self.columns) - 1:
            pitch = (self.height - self.head) / len(placed.tops)
            return placed.x, self.head + pitch * place, self.answers_width, pitch
        left, height = placed.left(place), max(TARGET, placed.size)
        width = max(TARGET, placed.picture(place) + placed.size - left)
        middle = (left + placed.picture(place) + placed.size) / 2
        return middle - width / 2, placed.middle(place) - height / 2, width, height

    def sizes(self) -> list[int]:
        """Return how many units of each hidden layer are shown."""
        return [len(placed.tops) for placed in self.columns[1:-1]]


def _place(column: Column, middle: float, step: float, heights: tuple[float, float]) -> PlacedColumn:
    """Place a column in one lane, or in two where the pictures become larger."""
    head, body = heights
    one, two = (_fitted(column, step, body, lanes) for lanes in (1, 2))
    size, count, lanes = two if two[0] > one[0] + GAP else one
    pitch = (body - size) / (count - 1) if count > 1 else 0.0
    first = head if count > 1 else head + (body - size) / 2
    width = lanes * (unit_width(column, size) + LANE_GAP) - LANE_GAP
    return PlacedColumn(column, middle - width / 2, size, [first + pitch * place for place in range(count)], lanes)


def _fitted(column: Column, step: float, body: float, lanes: int) -> tuple[float, int, int]:
    """Return the size of the pictures in so many lanes, and how many there are."""
    count = max(1, min(column.count, MOST_UNITS, int(body // PITCHES[lanes - 1])))
    room = (step * 0.66 - LANE_GAP * (lanes - 1)) / lanes
    if has_filters(column):
        room = (room - 3) / (1 + FILTER)
    size = (lanes * body - GAP * (count - 1)) / (count - 1 + lanes)
    return max(SMALLEST_TILE, min(size, LARGEST_TILE, room)), count, lanes


def _place_answers(column: Column, x: float, heights: tuple[float, float]) -> PlacedColumn:
    head, body = heights
    pitch = body / column.count
    size = min(pitch - 2, 40)
    return PlacedColumn(column, x, size, [head + pitch * place + (pitch - size) / 2 for place in range(column.count)])


def height_at(curve: Curve, x: float) -> float | None:
    """Return the height of a curve at x, None beside it."""
    start_x, start, end_x, end = curve
    if not start_x <= x <= end_x or end_x <= start_x:
        return None
    wanted, low, high = (x - start_x) / (end_x - start_x), 0.0, 1.0
    for _ in range(12):
        t = (low + high) / 2
        if 1.5 * t * (1 - t) + t * t * t < wanted:
            low = t
        else:
            high = t
    return start + (end - start) * (3 * low * low - 2 * low * low * low)


def nearest(curves: Sequence[Curve], point: Point) -> int | None:
    """Return which curve passes by a point, the last among equals; None if none does."""
    best, found = float(NEAR), None
    for number, curve in enumerate(curves):
        height = height_at(curve, point[0])
        if height is not None and abs(height - point[1]) <= best:
            best, found = abs(height - point[1]), number
    return found
