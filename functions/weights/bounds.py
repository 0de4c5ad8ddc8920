"""Bounds on weights that follow from the network itself: no picture may make it answer with infinity or NaN.

The test digits cannot show that: a huge weight may stand on a pixel that none of them inks. The page has the same
rule in `scrawl.net.bounds`, and a shared table of cases keeps the two alike. `functions.models` says how well weights
read.
"""

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from functions.errors import InvalidValueError

# Far beyond any trained network (about 1e4), and small enough for its square, which a training step may need, and the
# sums in between, in whatever order they are made, to be float32 numbers.
LARGEST_ANSWER = 1e15


def check(weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Refuse weights with which some picture's answer could be too large for float32.

    Raises:
        InvalidValueError: naming the first layer whose answers could be, and how large they could be.
    """
    for name, bound in layer_bounds(weights).items():
        if not bound <= LARGEST_ANSWER:  # NaN is not
            raise InvalidValueError(
                f"with these weights some picture makes the layer of {name!r} answer with {bound:.3g}; "
                f"up to {LARGEST_ANSWER:.0e} is accepted",
                name,
            )


def layer_bounds(weights: Mapping[str, NDArray[np.float32]]) -> dict[str, float]:
    """Return the largest magnitude that each layer's answers can have over all pictures in 0..1, by weight's name.

    Each layer is a matrix or a convolution's kernels, in the order of the architecture, followed by its bias. What
    lies between two layers (ReLU, pooling, tanh, …) makes no magnitude larger than it was, or than 1.
    """
    bounds: dict[str, float] = {}
    inputs = np.ones(1)  # the largest magnitude of each channel or feature that comes in
    name = ""
    for tensor_name, tensor in weights.items():
        if tensor.ndim > 1:
            name, inputs = tensor_name, _sums(tensor, inputs)
        else:
            inputs = inputs + np.abs(tensor.astype(np.float64))
        bounds[name] = float(inputs.max())
        inputs = np.maximum(inputs, 1)
    return bounds


def _sums(weight: NDArray[np.float32], inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each output's sum of magnitudes: of its weights, times the inputs'. An input may be several columns."""
    rows = np.abs(weight.reshape(len(weight), -1).astype(np.float64))
    return rows @ np.repeat(inputs, prod(weight.shape[1:]) // len(inputs))
