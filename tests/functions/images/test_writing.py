"""Writing that clients send is drawn by `pen`, within limits."""

import itertools
import tracemalloc

import numpy as np
import pytest

from functions.errors import InvalidValueError
from functions.images import pen, writing
from tests.support.digits.written_digits import WRITING, Written


@pytest.mark.parametrize(("strokes", "width"), WRITING.values(), ids=WRITING)
def test_writing_is_drawn_by_the_pen(strokes: Written, width: float) -> None:
    digit = writing.read(strokes, width)
    np.testing.assert_array_equal(digit.pixels, pen.draw_digit(strokes, width))
    assert digit.warnings == ()
    assert digit.pixels.max() > 0.5


@pytest.mark.parametrize(
    ("strokes", "width", "field", "message"),
    [
        ([[(0, 0)] * (writing.MOST_POINTS + 1)], 0.1, "strokes", "4000 points and strokes, got more"),
        ([[(0, 0)]] * (writing.MOST_POINTS + 1), 0.1, "strokes", "got more"),
        ([[]] * (writing.MOST_POINTS + 1), 0.1, "strokes", "got more"),
        ([[(0, 0), (9, 9)] * 200], 0.1, "strokes", "200 times as long as its longer side, got 564"),
        ([[(0, 0), (9, 9)]], 0.06, "pen", "a pen is 0.07 to 0.13 of the digit's longer side, got 0.06"),
        ([[(0, 0), (9, 9)]], 1e999, "pen", "got inf"),
        ([[(0, 0), (0, 2e9)]], 0.1, "strokes[0]", "up to a billion"),
    ],
)
def test_writing_beyond_a_limit_is_refused(strokes: Written, width: float, field: str, message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        writing.read(strokes, width)
    assert message in str(caught.value)
    assert caught.value.field == field


def test_longest_writing_takes_little_memory() -> None:
    ends = np.linspace(0, 1, writing.MOST_POINTS // 25)
    scribble = [(x, y) for end in ends for x, y in zip([end, 1 - end] * 12, [0.0, 1.0] * 12, strict=True)]
    scribble = scribble[: writing.LONGEST * 7 // 10]
    tracemalloc.start()
    try:
        writing.read([scribble, [(0.5, 0.5)] * (writing.MOST_POINTS - len(scribble))], writing.WIDEST)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000


def test_many_more_strokes_than_allowed_are_not_looked_at() -> None:
    with pytest.raises(InvalidValueError, match="got more"):
        writing.check_count(itertools.repeat(0))
