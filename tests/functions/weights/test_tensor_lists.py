"""Tensors as nested lists of JSON: what is read, and what is refused."""

import json

import msgspec
import numpy as np
import pytest

from functions.errors import InvalidValueError
from functions.weights import tensor_lists
from functions.weights.tensor_checks import fit

SHAPES = {"fc.weight": (3, 4), "fc.bias": (3,)}


@pytest.fixture
def values() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


def raw(values: dict[str, object]) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in values.items()}


def test_json_lists_are_read(values: dict[str, np.ndarray]) -> None:
    lists = raw({name: value.tolist() for name, value in values.items()})
    for name, value in fit(tensor_lists.from_lists(lists, SHAPES), SHAPES).items():
        np.testing.assert_array_equal(value, values[name])


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        ([[0, 0, 0]], "numbers in lists nested 1 deep: Expected `float`, got `array`"),
        (1.5, "numbers in lists nested 1 deep: Expected `array`, got `float`"),
        ([0, "a", 0], "Expected `float`, got `str`"),
        ([0, None, 0], "Expected `float`, got `null`"),
        ([0, 0], r"has shape \[3\], got \[2\]"),
        ([0, 1e39, 0], "must be finite, got inf"),
    ],
)
def test_wrong_json_lists_are_refused(bias: object, message: str) -> None:
    lists = raw({"fc.weight": [[0] * 4] * 3, "fc.bias": bias})
    with pytest.raises(InvalidValueError, match=message):
        fit(tensor_lists.from_lists(lists, SHAPES), SHAPES)


def test_rows_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"'fc.weight' has rows of unequal lengths"):
        tensor_lists.from_lists(raw({"fc.weight": [[0] * 4, [0] * 3, [0] * 4], "fc.bias": [0] * 3}), SHAPES)
