"""Tensors as JSON: nested lists of numbers, as `GET /weights` and the page write them and `POST /weights` takes them.

`tensor_checks` says whether the tensors fit an architecture.
"""

from collections.abc import Mapping
from functools import reduce

import msgspec
import numpy as np

from functions.errors import FormatError, InvalidValueError
from functions.weights.tensor_checks import Array, Shapes, check_names

_LONGEST_START, _DEEPEST = 4096, 8  # bytes before the first number of nested lists; lists within each other


def from_lists(tensors: Mapping[str, msgspec.Raw], shapes: Shapes) -> dict[str, Array]:
    """Read an architecture's tensors from the JSON text of nested lists of numbers; `fit` is still to check them.

    Raises:
        InvalidValueError: naming the tensor that is missing, unknown, or not numbers in properly nested lists.
    """
    check_names(tensors, shapes)
    return {name: _from_list(name, tensors[name], len(shape)) for name, shape in shapes.items()}


def read_json(data: bytes) -> tuple[dict[str, Array], dict[str, str]]:
    """Read tensors and what else is said from the JSON that `GET /weights` and the page write.

    Raises:
        FormatError: when it is no such JSON.
        InvalidValueError: naming the tensor that is not numbers in properly nested lists.
    """
    try:
        content = msgspec.json.decode(data.decode("utf-8-sig"), type=dict[str, msgspec.Raw])
        lists = msgspec.json.decode(content.pop("tensors"), type=dict[str, msgspec.Raw])
        said = {name: msgspec.json.decode(value) for name, value in content.items()}
    except (KeyError, UnicodeDecodeError, msgspec.DecodeError) as error:
        text = 'weights in JSON are {"tensors": {name: nested lists of numbers}}'
        raise FormatError(f"{text}: {error!s}" if str(error) != "'tensors'" else f"{text}: there are none") from error
    arrays = {name: _from_list(name, raw, _depth(bytes(raw))) for name, raw in lists.items()}
    return arrays, {name: str(value) for name, value in said.items() if value is not None}


def _from_list(name: str, raw: msgspec.Raw, rank: int) -> Array:
    nested = reduce(lambda inner, _: list[inner], range(rank), float)  # type: ignore[arg-type,return-value,valid-type]
    try:
        values = msgspec.json.decode(raw, type=nested)
        with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and `fit` says so
            return np.array(values, np.float32)
    except msgspec.ValidationError as error:
        raise InvalidValueError(f"tensor {name!r} is numbers in lists nested {rank} deep: {error}", name) from error
    except ValueError as error:
        raise InvalidValueError(f"tensor {name!r} has rows of unequal lengths", name) from error


def _depth(text: bytes) -> int:
    """Return how deep the first number of nested lists is, as far as any network's is."""
    start = text[:_LONGEST_START].translate(None, b" \t\r\n")
    return min(_DEEPEST, len(start) - len(start.lstrip(b"[")))
