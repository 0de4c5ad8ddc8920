"""The curves' geometry: scales, lines and paths."""

from itertools import pairwise

import pytest
from scrawl.state import history
from scrawl.ui import curve_geometry


def test_scale_and_transformation_agree() -> None:
    scale = curve_geometry.Scale(200, -1.0, 0.5, 480, 200)
    across, _, _, down, left, top = map(float, scale.transform()[7:-1].split())
    assert across * 150 + left == pytest.approx(scale.x(150), abs=0.01)
    assert down * -0.25 + top == pytest.approx(scale.y(0.25), abs=0.01)


def test_bounds_are_the_nearest_lines() -> None:
    assert curve_geometry.bounds([0.2, 0.7], [0.0, 0.1, 0.5, 1.0]) == (0.1, 1.0)
    assert curve_geometry.bounds([-3.0, 7.0], [0.0, 1.0]) == (0.0, 1.0)


@pytest.mark.parametrize("last", [1, 10, 47, 300, 4005, 99_999, 1_234_567])
def test_iterations_are_labelled_at_a_few_round_places(last: int) -> None:
    lines = curve_geometry.vertical_lines(curve_geometry.Scale(last, 0.0, 1.0, 480, 200))
    assert 3 <= len(lines) <= 6
    steps = {after[1] - before[1] for before, after in pairwise(lines)}
    assert len(steps) == 1
    assert str(steps.pop()).rstrip("0") in ("1", "2", "5")


def test_grid_lines_do_not_crowd() -> None:
    places = {line: history.loss_height(line) for line in curve_geometry.LOSS_LINES}
    lines = curve_geometry.horizontal_lines(
        places, curve_geometry.Scale(100, history.loss_height(0.001), history.loss_height(5), 480, 200)
    )
    found = sorted(y for y, _ in lines)
    assert min(b - a for a, b in pairwise(found)) >= 16


def test_path_needs_two_points() -> None:
    assert curve_geometry.path(["1 2"]) == ""
    assert curve_geometry.path(["1 2", "3 4"]) == "M1 2L3 4"


@pytest.mark.parametrize("last", [10, 47, 300, 4005, 99_999, 1_234_567])
def test_scale_ends_at_a_round_iteration_shortly_after_the_last(last: int) -> None:
    end = curve_geometry.Scale(last, 0.0, 1.0, 480, 200).end
    assert last <= end <= 1.25 * last
    assert end % 10 ** (len(str(last)) - 2) == 0
