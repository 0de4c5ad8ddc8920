"""The largest answer that weights can give to any picture: what is refused, and that the bound holds."""

import numpy as np
import pytest

from functions.errors import InvalidValueError
from functions.weights import bounds
from model_export import pretrained
from tests.support.networks.bound_cases import CASES


@pytest.mark.parametrize("case", CASES)
def test_weights_are_refused_in_the_layer_that_goes_out_of_bounds(case: str) -> None:
    change = CASES[case]
    weights = change.of(pretrained.load(change.model)[0])
    if change.layer is None:
        bounds.check(weights)
        return
    with pytest.raises(InvalidValueError, match=f"the layer of '{change.layer}'") as caught:
        bounds.check(weights)
    assert caught.value.field == change.layer


def test_bound_is_the_largest_sum_of_magnitudes() -> None:
    weights = {
        "fc1.weight": np.array([[1, -2], [3, 0.5]], np.float32),
        "fc1.bias": np.array([-1, 0], np.float32),
        "fc2.weight": np.array([[-1, 2]], np.float32),
        "fc2.bias": np.array([0.25], np.float32),
    }
    assert bounds.layer_bounds(weights) == {"fc1.weight": 4.0, "fc2.weight": 4 + 2 * 3.5 + 0.25}


def test_channel_stands_for_all_its_positions() -> None:
    weights = {
        "conv1.weight": np.ones((2, 1, 3, 3), np.float32) * np.array([1, -2], np.float32).reshape(2, 1, 1, 1),
        "conv1.bias": np.zeros(2, np.float32),
        "fc1.weight": np.array([[1, 1, 1, 1]], np.float32),  # two positions of each of two channels
        "fc1.bias": np.zeros(1, np.float32),
    }
    assert bounds.layer_bounds(weights) == {"conv1.weight": 18.0, "fc1.weight": 2 * 9 + 2 * 18}
