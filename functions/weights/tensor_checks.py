"""Whether tensors are those of an architecture: names, shapes, float32, finite."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from functions.errors import InvalidValueError
from functions.weights import foreign

type Array = NDArray[np.float32]
type Shapes = Mapping[str, tuple[int, ...]]


def fit(tensors: Mapping[str, NDArray[np.generic]], shapes: Shapes) -> dict[str, Array]:
    """Return the tensors in the architecture's order, if they are those it has.

    Raises:
        InvalidValueError: naming the tensor that is missing, unknown, misshapen, not float32 or not finite.
    """
    check_names(tensors, shapes)
    fitted: dict[str, Array] = {}
    for name, shape in shapes.items():
        tensor = tensors[name]
        if tensor.shape != shape:
            hint = foreign.layout_hint(tensor.shape, shape)
            raise InvalidValueError(f"tensor {name!r} has shape {list(shape)}, got {list(tensor.shape)}{hint}", name)
        if tensor.dtype != np.float32:
            raise InvalidValueError(f"tensor {name!r} is float32, got {tensor.dtype}", name)
        if not np.isfinite(tensor).all():
            place = np.argwhere(~np.isfinite(tensor))[0].tolist()
            raise InvalidValueError(f"tensor {name!r} must be finite, got {tensor[tuple(place)]} at {place}", name)
        fitted[name] = np.require(tensor, np.float32, ["C", "A"])  # a foreign file's may lie at an odd address
    return fitted


def check_names(tensors: Mapping[str, object], shapes: Shapes) -> None:
    """Refuse tensors that are missing or unknown.

    Raises:
        InvalidValueError: naming the first of them.
    """
    missing = [name for name in shapes if name not in tensors]
    unknown = sorted(name for name in tensors if name not in shapes)
    if missing:
        got = f"; unknown: {', '.join(repr(name[:80]) for name in unknown[:8])}" if unknown else ""
        message = f"expected the tensors {', '.join(shapes)}: {', '.join(missing)} missing{got}"
        raise InvalidValueError(message, missing[0])
    if unknown:
        raise InvalidValueError(
            f"expected the tensors {', '.join(shapes)}: {', '.join(unknown[:8])} unknown", unknown[0]
        )
