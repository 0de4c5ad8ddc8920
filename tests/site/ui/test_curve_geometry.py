"""The curves' geometry, and the history they show."""

import math
from itertools import pairwise

import pytest
from scrawl.state import formatting, history
from scrawl.state.history import MOST, History, Series
from scrawl.ui import curve_geometry


@pytest.mark.parametrize("value", [0.001, 0.037, 0.5, 1, 2, 9.999, 10, 1234.5])
def test_own_logarithm_is_math_s(value: float) -> None:
    assert history.log10(value) == pytest.approx(math.log10(value), abs=1e-6)  # a thousandth of a pixel


def test_each_tenth_of_the_errors_stands_one_higher() -> None:
    found = [history.accuracy_height(value) for value in (0.0, 0.9, 0.99, 0.999, 1.0)]
    assert found == pytest.approx([0, 1, 2, 3, 3], abs=1e-6)


def test_scale_and_transformation_agree() -> None:
    scale = curve_geometry.Scale(200, -1.0, 0.5, 480)
    across, _, _, down, left, top = map(float, scale.transform()[7:-1].split())
    assert across * 150 + left == pytest.approx(scale.x(150), abs=0.01)
    assert down * -0.25 + top == pytest.approx(scale.y(0.25), abs=0.01)


def test_bounds_are_the_nearest_lines() -> None:
    assert curve_geometry.bounds([0.2, 0.7], [0.0, 0.1, 0.5, 1.0]) == (0.1, 1.0)
    assert curve_geometry.bounds([-3.0, 7.0], [0.0, 1.0]) == (0.0, 1.0)


@pytest.mark.parametrize("last", [1, 10, 47, 300, 4005, 99_999, 1_234_567])
def test_iterations_are_labelled_at_a_few_round_places(last: int) -> None:
    lines = curve_geometry.vertical_lines(curve_geometry.Scale(last, 0.0, 1.0, 480))
    assert 3 <= len(lines) <= 6
    steps = {after[1] - before[1] for before, after in pairwise(lines)}
    assert len(steps) == 1
    assert str(steps.pop()).rstrip("0") in ("1", "2", "5")


def test_grid_lines_do_not_crowd() -> None:
    places = {line: history.loss_height(line) for line in curve_geometry.LOSS_LINES}
    lines = curve_geometry.horizontal_lines(
        places, curve_geometry.Scale(100, history.loss_height(0.001), history.loss_height(5), 480)
    )
    found = sorted(y for y, _ in lines)
    assert min(b - a for a, b in pairwise(found)) >= 16


def test_path_needs_two_points() -> None:
    assert curve_geometry.path(["1 2"]) == ""
    assert curve_geometry.path(["1 2", "3 4"]) == "M1 2L3 4"


def test_history_keeps_the_newest_point_and_thins_out_the_rest() -> None:
    series = Series()
    for iteration in range(1, 5001):
        series.add(iteration, 1.0, 0.5)
        assert series.iterations[-1] == iteration
        assert len(series.iterations) <= MOST + 1
    assert series.iterations[0] == 1
    assert series.iterations == sorted(set(series.iterations))
    gaps = [after - before for before, after in pairwise(series.iterations[:-1])]
    assert series.stride <= min(gaps) <= max(gaps) < 2 * series.stride
    assert len(series.marks["loss"]) == len(series.heights["accuracy"]) == len(series.iterations)


def test_point_of_the_same_iteration_replaces_the_last() -> None:
    history = History()
    history.add("test", 5, 0.4, 0.9)
    history.add("test", 5, 0.3, 0.95)
    assert history.test.iterations == [5]
    assert history.test.last("accuracy") == 0.95


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (formatting.percent(0.97314), "97.31%"),
        (formatting.percent(None), "–"),
        (formatting.loss(0.123456), "0.1235"),
        (formatting.loss(float("nan")), "diverged"),
        (formatting.rounded(243_512.7), "244000"),
        (formatting.rounded(0.0), "0"),
        (formatting.moment("2026-05-17T09:30:11.5Z"), "2026-05-17 09:30 UTC"),
    ],
)
def test_numbers_read_well(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize("last", [10, 47, 300, 4005, 99_999, 1_234_567])
def test_scale_ends_at_a_round_iteration_shortly_after_the_last(last: int) -> None:
    end = curve_geometry.Scale(last, 0.0, 1.0, 480).end
    assert last <= end <= 1.1 * last
    assert end % 10 ** (len(str(last)) - 2) == 0
