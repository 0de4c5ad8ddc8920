"""Weights as int8: a quarter of the bytes, with a float32 scale for each output row."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from functions.weights.tensor_checks import Array


def to_int8(tensors: Mapping[str, Array], top: int = 127) -> dict[str, NDArray[np.generic]]:
    """Return each weight as int8 with a float32 `{name}.scale` per output row; the biases stay as they are.

    Symmetric: `weight ≈ int8 * scale`, and a row's largest magnitude becomes `top`. With fewer numbers the bytes
    compress better.
    """
    small: dict[str, NDArray[np.generic]] = {}
    scales = int8_scales(tensors, top)
    for name, tensor in tensors.items():
        if name not in scales:
            small[name] = tensor
            continue
        rows = tensor.reshape(len(tensor), -1)
        scale = np.where(scales[name] == 0, np.float32(1), scales[name])  # a row of zeros stays one
        small[name] = np.rint(rows / scale[:, None]).astype(np.int8).reshape(tensor.shape)
        small[f"{name}.scale"] = scale
    return small


def int8_scales(tensors: Mapping[str, Array], top: int = 127) -> dict[str, NDArray[np.float32]]:
    """Return for each row of each matrix what one step of its int8 form is worth: a weight is off by half of it."""
    rows = {name: tensor.reshape(len(tensor), -1) for name, tensor in tensors.items() if tensor.ndim > 1}
    return {name: np.asarray(np.abs(row).max(axis=1) / np.float32(top), np.float32) for name, row in rows.items()}


def as_int8(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Return the weights that whoever reads the int8 form gets."""
    small = to_int8(tensors)
    restored: dict[str, Array] = {}
    for name, tensor in tensors.items():
        rows = small[name].astype(np.float32).reshape(len(tensor), -1)
        scale = small.get(f"{name}.scale", np.ones(1, np.float32)).astype(np.float32)
        restored[name] = (rows * scale.reshape(-1, 1)).reshape(tensor.shape)
    return restored
