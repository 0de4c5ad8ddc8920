"""The points of the curves: which are kept, and how high they stand."""

import math
from itertools import pairwise

import pytest
from scrawl.state import history
from scrawl.state.history import MOST, History, Series


@pytest.mark.parametrize("value", [0.001, 0.037, 0.5, 1, 2, 9.999, 10, 1234.5])
def test_own_logarithm_is_math_s(value: float) -> None:
    assert history.log10(value) == pytest.approx(math.log10(value), abs=1e-6)  # a thousandth of a pixel


def test_each_tenth_of_the_errors_stands_one_higher() -> None:
    found = [history.accuracy_height(value) for value in (0.0, 0.9, 0.99, 0.999, 1.0)]
    assert found == pytest.approx([0, 1, 2, 3, 3], abs=1e-6)


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
