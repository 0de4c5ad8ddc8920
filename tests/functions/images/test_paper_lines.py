"""Lines of ruled and squared paper are found, strokes are not taken for them."""

import numpy as np
import pytest

from functions.images.figure import Grid
from functions.images.paper_lines import paper_lines

SIDE = 90


def blank() -> np.ndarray:
    return np.zeros((SIDE, SIDE), np.bool_)


def lines_of(slant: float) -> np.ndarray:
    mask = blank()
    along = np.arange(SIDE)
    for start in (15, 40, 65):
        mask[(start + slant * along).astype(int), along] = True
    return mask


@pytest.mark.parametrize("slant", [-0.12, 0, 0.05, 0.15])
@pytest.mark.parametrize("upright", [False, True], ids=["level", "upright"])
def test_lines_are_found_and_strokes_across_them_stay_whole(slant: float, upright: bool) -> None:
    ruled, stroke = lines_of(slant), blank()
    stroke[10:75, 40:46] = True
    mask = ruled | stroke
    if upright:
        mask, ruled, stroke = mask.T, ruled.T, stroke.T
    found = paper_lines(mask)
    assert not (found & stroke).any()
    assert found[ruled & ~stroke].mean() > 0.95


def test_faint_lines_have_gaps() -> None:
    mask = lines_of(0)
    mask[:, ::3] = False
    np.testing.assert_array_equal(paper_lines(mask), mask)


def test_bar_that_ends_before_the_border_is_no_line() -> None:
    mask = blank()
    mask[20:22, 12:78] = True
    assert not paper_lines(mask).any()


def test_thick_bar_is_no_line() -> None:
    mask = blank()
    mask[20:24] = True
    assert not paper_lines(mask).any()


def test_hair_line_from_border_to_border_is_the_digit_where_there_is_no_other() -> None:
    mask = blank()
    mask[:, 44] = True
    grid = Grid.of(mask)
    assert not grid.lines.any()
    assert grid.pieces.area.tolist() == [SIDE]
