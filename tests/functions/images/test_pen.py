"""Digital ink is drawn as MNIST's digits look, whatever its unit, size and place."""

import numpy as np
import pytest
from numpy.typing import NDArray

from functions.errors import InvalidValueError
from functions.images.normalise import BlankError
from functions.images.pen import FINENESS, draw_digit, draw_strokes

SEVEN = [[(10.0, 12.0), (60.0, 10.0), (30.0, 90.0)], [(25.0, 50.0), (55.0, 48.0)]]


def inked(picture: NDArray[np.float32]) -> tuple[int, int]:
    """Return how many rows and columns have more than a trace of ink."""
    return int((picture.max(1) > 0.2).sum()), int((picture.max(0) > 0.2).sum())


@pytest.mark.parametrize(("size", "place"), [(1e-6, 0.0), (0.25, 300.0), (1.0, -50.0), (1000.0, 1e6)])
def test_size_and_place_of_the_writing_make_no_difference(size: float, place: float) -> None:
    written = [[(x * size + place, y * size + place) for x, y in stroke] for stroke in SEVEN]
    np.testing.assert_allclose(draw_digit(written), draw_digit(SEVEN), atol=2e-3)  # of coordinates near a million


def test_digit_fills_twenty_pixels_with_its_mass_in_the_middle() -> None:
    picture = draw_digit(SEVEN)
    assert picture.shape == (28, 28)
    assert picture.dtype == np.float32
    assert 0.9 < picture.max() <= 1
    assert 19 <= inked(picture)[0] <= 21
    middle = (np.arange(28) + 0.5) @ picture.sum(1) / picture.sum()
    assert middle == pytest.approx(14.5, abs=0.05)


@pytest.mark.parametrize("pen", [0.07, 0.1, 0.13])
def test_pen_is_a_part_of_the_longer_side(pen: float) -> None:
    canvas = draw_strokes([[(0, 0), (0, 30)]], pen)
    side = 20 * FINENESS / (1 + pen)
    assert canvas[len(canvas) // 2].sum() == pytest.approx(pen * side, abs=0.6)  # the line lies between pixels
    assert canvas.sum() / canvas[len(canvas) // 2].sum() == pytest.approx(side + pen * side * np.pi / 4, rel=0.01)


def test_points_in_one_place_are_a_dot_in_the_middle() -> None:
    dot = draw_digit([[(5, 5)]])
    assert inked(dot) == (3, 3)
    assert dot.argmax() == 14 * 28 + 14
    np.testing.assert_array_equal(dot, draw_digit([[(7, 9), (7, 9)], [], [(7, 9)]]))
    np.testing.assert_array_equal(dot, draw_digit([[(5e-324, 0), (0, 0)]]))  # too small to be scaled


def test_points_on_a_line_change_nothing() -> None:
    along = [(x, 2.0 * x) for x in np.linspace(0, 10, 37)]
    np.testing.assert_allclose(draw_digit([along]), draw_digit([[along[0], along[-1]]]), atol=1e-6)


@pytest.mark.parametrize(
    ("strokes", "pen", "message"),
    [
        ([[(0, 0, 0)]], 0.1, r"a stroke is a list of \[x, y\], got the shape \(1, 3\)"),
        ([[1, 2]], 0.1, r"got the shape \(2,\)"),
        ([[(0, np.nan)]], 0.1, "coordinates are finite numbers"),
        ([[(0, 1e300)]], 0.1, "up to a billion"),
        (SEVEN, 0.0, "a pen is 0.01 to 0.5 of the digit's longer side, got 0"),
        (SEVEN, np.nan, "got nan"),
    ],
)
def test_what_is_no_writing_is_refused(strokes: list[list[tuple[float, ...]]], pen: float, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        draw_digit(strokes, pen)


def test_no_point_is_blank() -> None:
    with pytest.raises(BlankError, match="draw something"):
        draw_digit([[], []])
