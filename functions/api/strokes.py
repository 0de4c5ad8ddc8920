"""Pen strokes in JSON, as the programs that record them write it, become lists of (x, y).

Points are `[x, y]`, with up to two numbers more (time, pressure), or objects with `x` and `y`; a stroke is a list of
points, an object with `points` (signature_pad, ML Kit), or columns: `{"x": […], "y": […]}` (MyScript) or
`[[x, …], [y, …]]` (Quick, Draw!). Only x and y count. Lists that could be either are refused: a digit must not be
read from the wrong numbers. `writing` checks limits and draws.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from functions.errors import InvalidValueError
from functions.images import writing

_MOST_VALUES = 4  # of a point: x, y, time, pressure
_MOST_COLUMNS = 3  # of a stroke: x, y, time


class Point(msgspec.Struct):
    """A point with names; others than these, such as time and pressure, are ignored."""

    x: float
    y: float


type Numbers = list[float]


class Path(msgspec.Struct):
    """A stroke as an object: with points, or with a column each of x and y."""

    points: list[Numbers | Point] | None = None
    x: Numbers | None = None
    y: Numbers | None = None


type Stroke = list[Numbers | Point] | Path
type Strokes = Annotated[
    list[Stroke],
    Meta(
        title="Strokes",
        description="a digit as it was written: a list of points [x, y] for each time the pen went down, in any unit "
        f"(up to a billion), y downwards; up to {writing.MOST_POINTS} points. Points may have time and pressure as "
        "further numbers, or be objects with x and y; strokes may be objects with points, or with columns x and y, "
        "or be [[x, …], [y, …]] as in Quick, Draw!",
        examples=[[[[10, 12], [60, 10], [30, 90]], [[25, 50], [55, 48]]]],
        extra_json_schema={"minItems": 1, "maxItems": writing.MOST_POINTS},
    ),
]
type Written = list[list[tuple[float, float]]]


def written(strokes: Sequence[Stroke]) -> Written:
    """Return the (x, y) of each stroke's points.

    Raises:
        InvalidValueError: when there are too many of them, or it is not clear which numbers are x and y.
    """
    writing.check_count(map(_size, strokes))
    in_columns = _are_columns(strokes)
    return [list(_points(stroke, f"strokes[{place}]", in_columns)) for place, stroke in enumerate(strokes)]


def _size(stroke: Stroke) -> int:
    """Return how many points, or columns' numbers, a stroke has at least."""
    parts = (stroke.points or stroke.x or []) if isinstance(stroke, Path) else stroke
    return max(len(parts), max((len(part) for part in parts[:1] if isinstance(part, list)), default=0))


def _are_columns(strokes: Sequence[Stroke]) -> bool:
    """Return whether the lists in lists are columns, [[x, …], [y, …]], rather than points.

    Raises:
        InvalidValueError: when they may be either.
    """
    lists = [stroke for stroke in strokes if isinstance(stroke, list) and stroke]
    if not all(isinstance(part, list) for stroke in lists for part in stroke):
        return False
    sizes = {len(part) for stroke in lists for part in stroke if isinstance(part, list)}
    if sizes <= {2}:
        return False
    may_be_points = len(sizes) == 1 and sizes <= set(range(2, _MOST_VALUES + 1))
    may_be_columns = all(2 <= len(stroke) <= _MOST_COLUMNS and _even(stroke) for stroke in lists)
    if may_be_points and may_be_columns:
        message = "these may be points [x, y, …] or columns [[x, …], [y, …]]: send points with x and y alone"
        raise InvalidValueError(message, "strokes")
    return may_be_columns


def _even(stroke: Sequence[Numbers | Point]) -> bool:
    return len({len(part) for part in stroke if isinstance(part, list)}) == 1


def _points(stroke: Stroke, field: str, in_columns: bool) -> Iterator[tuple[float, float]]:
    if isinstance(stroke, Path):
        if stroke.points is None:
            yield from _columns(stroke.x, stroke.y, field)
            return
        stroke, field, in_columns = stroke.points, f"{field}.points", False
    if in_columns and stroke:
        x, y = (part for part in stroke[:2] if isinstance(part, list))
        yield from _columns(x, y, field)
        return
    for place, point in enumerate(stroke):
        if isinstance(point, Point):
            yield point.x, point.y
        elif 2 <= len(point) <= _MOST_VALUES:
            yield point[0], point[1]
        else:
            message = f"a point is [x, y], with time and pressure at most, got {len(point)} numbers"
            raise InvalidValueError(message, f"{field}[{place}]")


def _columns(x: Numbers | None, y: Numbers | None, field: str) -> Iterator[tuple[float, float]]:
    if x is None or y is None:
        raise InvalidValueError("a stroke is a list of points, or has `points`, or `x` and `y`", field)
    if len(x) != len(y):
        raise InvalidValueError(f"x and y are equally many, got {len(x)} and {len(y)}", field)
    yield from zip(x, y, strict=True)
