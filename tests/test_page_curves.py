"""The curves' geometry, and the history they show."""

import math
from itertools import pairwise

import pytest
from scrawl import curves, heights, text
from scrawl.history import MOST, History, Series


@pytest.mark.parametrize("value", [0.001, 0.037, 0.5, 1, 2, 9.999, 10, 1234.5])
def test_own_logarithm_is_math_s(value: float) -> None:
    assert heights.log10(value) == pytest.approx(math.log10(value), abs=1e-6)  # a thousandth of a pixel


def test_each_tenth_of_the_errors_stands_one_higher() -> None:
    found = [heights.accuracy_height(value) for value in (0.0, 0.9, 0.99, 0.999, 1.0)]
    assert found == pytest.approx([0, 1, 2, 3, 3], abs=1e-6)


def test_scale_and_transformation_agree() -> None:
    scale = curves.Scale(200, -1.0, 0.5, 480)
    across, _, _, down, left, top = map(float, scale.transform()[7:-1].split())
    assert across * 150 + left == pytest.approx(scale.x(150), abs=0.01)
    assert down * -0.25 + top == pytest.approx(scale.y(0.25), abs=0.01)


def test_bounds_are_the_nearest_lines() -> None:
    assert curves.bounds([0.2, 0.7], [0.0, 0.1, 0.5, 1.0]) == (0.1, 1.0)
    assert curves.bounds([-3.0, 7.0], [0.0, 1.0]) == (0.0, 1.0)


@pytest.mark.parametrize("last", [1, 10, 47, 300, 4005, 99_999, 1_234_567])
def test_iterations_are_labelled_at_a_few_round_places(last: int) -> None:
    lines = curves.vertical_lines(curves.Scale(last, 0.0, 1.0, 480))
    assert 3 <= len(lines) <= 6
    steps = {after[1] - before[1] for before, after in pairwise(lines)}
    assert len(steps) == 1
    assert str(steps.pop()).rstrip("0") in ("1", "2", "5")


def test_grid_lines_do_not_crowd() -> None:
    places = {line: heights.loss_height(line) for line in curves.LOSS_LINES}
    lines = curves.horizontal_lines(
        places, curves.Scale(100, heights.loss_height(0.001), heights.loss_height(5), 480)
    )
    found = sorted(y for y, _ in lines)
    assert min(b - a for a, b in pairwise(found)) >= 16


def test_path_needs_two_points() -> None:
    assert curves.path(["1 2"]) == ""
    assert curves.path(["1 2", "3 4"]) == "M1 2L3 4"


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
        (text.percent(0.97314), "97.31%"),
        (text.percent(None), "–"),
        (text.loss(0.123456), "0.1235"),
        (text.loss(float("nan")), "diverged"),
        (text.rounded(243_512.7), "244000"),
        (text.rounded(0.0), "0"),
        (text.moment("2026-05-17T09:30:11.5Z"), "2026-05-17 09:30 UTC"),
    ],
)
def test_numbers_read_well(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize("last", [10, 47, 300, 4005, 99_999, 1_234_567])
def test_scale_ends_at_a_round_iteration_shortly_after_the_last(last: int) -> None:
    end = curves.Scale(last, 0.0, 1.0, 480).end
    assert last <= end <= 1.1 * last
    assert end % 10 ** (len(str(last)) - 2) == 0
