"""Strokes as other programs write them are the same digit, or refused in words."""

import msgspec
import pytest

from functions.api.strokes import Strokes, written
from functions.errors import InvalidValueError
from functions.images import writing
from tests.support.digits.handwriting import DIGITS

FOUR = DIGITS[4]
_NAMED = [[{"x": x, "y": y, "time": 17, "pressure": 0.5} for x, y in stroke] for stroke in FOUR]
SAME = {
    "points": FOUR,
    "time": [[[x, y, 10 * number] for number, (x, y) in enumerate(stroke)] for stroke in [*FOUR, FOUR[0]]],
    "time and pressure": [[[x, y, 10, 0.5] for x, y in stroke] for stroke in [*FOUR, FOUR[0]]],
    "old signature_pad": _NAMED,
    "signature_pad": [{"penColor": "black", "dotSize": 0, "points": stroke} for stroke in _NAMED],
    "points in objects": [{"points": stroke} for stroke in FOUR],
    "MyScript": [{"x": [x for x, _ in stroke], "y": [y for _, y in stroke], "t": []} for stroke in FOUR],
    "Quick, Draw!": [[[x for x, _ in stroke], [y for _, y in stroke]] for stroke in FOUR],
    "Quick, Draw!, raw": [[[x for x, _ in stroke], [y for _, y in stroke], [0] * len(stroke)] for stroke in FOUR],
}


def read(strokes: object) -> list[list[tuple[float, float]]]:
    return written(msgspec.convert(strokes, Strokes))


@pytest.mark.parametrize("strokes", SAME.values(), ids=SAME)
def test_strokes_of_other_programs_are_the_same_digit(strokes: list[object]) -> None:
    assert len({len(stroke) for stroke in FOUR}) > 1  # so that columns differ from points
    expected = [[(float(x), float(y)) for x, y in stroke] for stroke in FOUR]
    assert read(strokes)[: len(FOUR)] == expected


@pytest.mark.parametrize(
    ("strokes", "field", "message"),
    [
        ([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], "strokes", "points [x, y, …] or columns [[x, …], [y, …]]"),
        ([[[1, 2, 3, 4], [4, 5, 6, 7]]], "strokes", "points [x, y, …] or columns"),
        ([[[1, 2], [3]]], "strokes[0][1]", "a point is [x, y], with time and pressure at most, got 1 numbers"),
        ([[[1, 2]], [[1, 2, 3, 4, 5]]], "strokes[1][0]", "got 5 numbers"),
        ([{"points": [[1, 2], [3]]}], "strokes[0].points[1]", "got 1 numbers"),
        ([[], {}], "strokes[1]", "a stroke is a list of points, or has `points`, or `x` and `y`"),
        ([{"x": [1, 2]}], "strokes[0]", "or `x` and `y`"),
        ([{"x": [1, 2], "y": [1]}], "strokes[0]", "x and y are equally many, got 2 and 1"),
    ],
)
def test_strokes_without_one_meaning_are_refused(strokes: object, field: str, message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        read(strokes)
    assert message in str(caught.value)
    assert caught.value.field == field


@pytest.mark.parametrize("kind", ["points", "columns", "x and y", "objects"])
def test_limit_counts_the_points_of_every_form(kind: str) -> None:
    many = [float(number) for number in range(writing.MOST_POINTS + 1)]
    forms: dict[str, object] = {
        "points": [[x, x] for x in many],
        "columns": [many, many],
        "x and y": {"x": many, "y": many},
        "objects": {"points": [{"x": x, "y": x} for x in many]},
    }
    with pytest.raises(InvalidValueError, match="4000 points and strokes, got more"):
        read([forms[kind]])
