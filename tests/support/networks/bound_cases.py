"""Weights at the edge of what is usable, for the API's rule and the page's: which are refused, and in which layer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Change:
    """A value that is put at a place of a tensor, and the layer that is refused then; None: none is."""

    model: str
    tensor: str
    place: tuple[Any, ...]  # as NumPy indexes
    value: float
    layer: str | None

    def of(self, weights: Weights) -> Weights:
        """Return a copy of a network's weights with the change."""
        changed = {name: tensor.copy() for name, tensor in weights.items()}
        changed[self.tensor][self.place] = self.value
        return changed


CASES = {
    "as trained": Change("mlp-128", "fc1.weight", (0, 0), 0.1, None),
    "large and harmless": Change("mlp-128", "fc1.weight", (0, 0), -1e12, None),
    "a column that no digit inks": Change("mlp-128", "fc1.weight", (slice(None), 0), 3e38, "fc1.weight"),
    "one weight": Change("mlp-128", "fc1.weight", (0, 0), 1e20, "fc1.weight"),
    "negative": Change("mlp-128", "fc1.weight", (5, 783), -1e20, "fc1.weight"),
    "a bias": Change("mlp-128", "fc2.bias", (3,), 1e30, "fc2.weight"),
    "a product of two layers": Change("mlp-128", "fc2.weight", (slice(None), slice(None)), 1e14, "fc2.weight"),
    "a kernel": Change("conv-32-64", "conv1.weight", (0, 0, 1, 1), 1e20, "conv1.weight"),
    "behind the convolutions": Change("conv-32-64", "fc1.weight", (7, 3135), 1e20, "fc1.weight"),
    "not a number": Change("mlp-128-64", "fc2.weight", (1, 2), float("nan"), "fc2.weight"),
    "infinite": Change("mlp-128-64", "fc3.bias", (9,), float("inf"), "fc3.weight"),
}
