"""Tensors that fit an architecture come in its order; what does not fit is refused by name."""

import numpy as np
import pytest

from functions.errors import InvalidValueError
from functions.weights.tensor_checks import fit

SHAPES = {"fc.weight": (3, 4), "fc.bias": (3,)}


@pytest.fixture
def values() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


def test_fit_puts_tensors_in_order(values: dict[str, np.ndarray]) -> None:
    assert list(fit(dict(reversed(values.items())), SHAPES)) == list(SHAPES)


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"fc.bias": None}, "fc.bias", "fc.bias missing"),
        ({"fc2.bias": np.zeros(3, np.float32)}, "fc2.bias", "fc2.bias unknown"),
        ({"fc.weight": np.zeros((4, 3), np.float32)}, "fc.weight", r"has shape \[3, 4\], got \[4, 3\]"),
        ({"fc.bias": np.array([0, np.nan, 0], np.float32)}, "fc.bias", r"must be finite, got nan at \[1\]"),
        ({"fc.bias": np.array([0, 0, -np.inf], np.float32)}, "fc.bias", r"must be finite, got -inf at \[2\]"),
        ({"fc.bias": np.zeros(3, np.int8)}, "fc.bias", "is float32, got int8"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_by_name(
    values: dict[str, np.ndarray], change: dict[str, np.ndarray | None], field: str, message: str
) -> None:
    changed = {name: value for name, value in (values | change).items() if value is not None}
    with pytest.raises(InvalidValueError, match=message) as refused:
        fit(changed, SHAPES)
    assert refused.value.field == field


def test_tensors_of_other_names_are_named() -> None:
    theirs = {"0.weight": np.zeros((2, 3), np.float32), "0.bias": np.zeros(2, np.float32)}
    with pytest.raises(InvalidValueError, match=r"fc1.weight, fc1.bias missing; unknown: '0.bias', '0.weight'"):
        fit(theirs, {"fc1.weight": (2, 3), "fc1.bias": (2,)})
