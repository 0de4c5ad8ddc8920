"""Tensors of the Open Inference Protocol as images: which datatypes and shapes are accepted, and how they are read.

From JSON, bytes and protobuf's lists alike, the result is (B, 784) float32 in 0..1.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import COLUMNS, PIXELS, ROWS
from functions.errors import FormatError, InvalidValueError

MOST_IMAGES = 4000
_FLOATS = {"FP32": "<f4", "FP64": "<f8", "FP16": "<f2"}  # as NumPy calls them
_INTEGERS = {
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
}  # INT8 cannot hold 255, so that its pixels have no obvious meaning
DATATYPES = _FLOATS | _INTEGERS | {"BOOL": "u1"}
_INK = 255  # in datatypes of whole numbers; in the others it is 1
_ONE_IMAGE = ([PIXELS], [ROWS, COLUMNS], [1, ROWS, COLUMNS], [ROWS, COLUMNS, 1])  # after the batch's size
_SHAPES = "[B,784], [B,28,28], [B,1,28,28], [B,28,28,1], or [784] or [28,28] for one image"
_OPENING = re.compile(rb"(?:\[\s*)+")


def batch_size(shape: Sequence[int]) -> int:
    """Return how many images a shape stands for.

    Raises:
        InvalidValueError: when it is none of those accepted.
    """
    dimensions = list(shape)
    if dimensions in _ONE_IMAGE[:2]:
        return 1
    if dimensions[1:] not in _ONE_IMAGE:
        raise InvalidValueError(f"the shape must be {_SHAPES}; got {_shown(dimensions)}")
    if not 1 <= dimensions[0] <= MOST_IMAGES:
        raise InvalidValueError(f"a batch has 1 to {MOST_IMAGES} images, got {dimensions[0]}")
    return dimensions[0]


def _shown(shape: Sequence[float]) -> str:
    """Return a shape for a message: its start, if it is long."""
    start = f"{list(shape[:8])}"[:200]
    return start if len(shape) <= 8 else f"{start}, {len(shape)} sizes in all"


def check_datatype(datatype: str) -> None:
    """Refuse datatypes that are not accepted.

    Raises:
        InvalidValueError: naming those that are.
    """
    if datatype not in DATATYPES:
        taken = "FP32, FP64 or FP16 (0 to 1), UINT8 or a larger INT (0 to 255) or BOOL"
        raise InvalidValueError(f"the datatype must be {taken}; got {datatype!r}")


def whole_shape(shape: Sequence[int | float]) -> list[int]:
    """Return a shape whose sizes may come as 784.0.

    Raises:
        InvalidValueError: when one is not a whole number.
    """
    if not all(isinstance(size, int) or size.is_integer() for size in shape):  # infinity and NaN are not
        raise InvalidValueError(f"the shape must be whole numbers, got {_shown(shape)}")
    return [int(size) for size in shape]


def from_bytes(datatype: str, shape: Sequence[int], raw: bytes | memoryview) -> NDArray[np.float32]:
    """Return the images in a tensor's bytes, little-endian and row-major."""
    check_datatype(datatype)
    dtype = np.dtype(DATATYPES[datatype])
    expected = batch_size(shape) * PIXELS * dtype.itemsize
    if len(raw) != expected:
        raise FormatError(f"{datatype} {list(shape)} takes {expected} bytes, got {len(raw)}")
    return as_images(datatype, shape, np.frombuffer(raw, dtype))


def from_json(datatype: str, shape: Sequence[int], data: msgspec.Raw) -> NDArray[np.float32]:
    """Return the images in a tensor's JSON, a flat list or lists nested as its shape says."""
    check_datatype(datatype)
    batch_size(shape)
    text = bytes(data)
    opening = _OPENING.match(text)
    depth = opening[0].count(b"[") if opening else 0
    if depth not in (1, len(shape)):
        raise FormatError(
            f"data must be one list, or lists nested {len(shape)} deep as the shape says; it is neither"
        )
    values = _array(datatype, text, depth)
    if depth > 1 and list(values.shape) != list(shape):
        raise FormatError(f"data must be nested as the shape {list(shape)} says, got {list(values.shape)}")
    return as_images(datatype, shape, values)


def as_images(datatype: str, shape: Sequence[int], values: NDArray[Any]) -> NDArray[np.float32]:
    """Return (B, 784) pixels in 0..1 from a tensor's elements in row-major order.

    Raises:
        FormatError: when there are more or fewer elements than the shape says.
        InvalidValueError: when one is out of range, or the shape or the datatype is not accepted.
    """
    check_datatype(datatype)
    count = batch_size(shape)
    if values.size != count * PIXELS:
        raise FormatError(f"the shape {list(shape)} has {math.prod(shape)} elements, data has {values.size}")
    flat = values.reshape(-1)
    top = _ink(datatype, flat)
    if not (flat.min() >= 0 and flat.max() <= top):  # NaN is neither
        place = int(np.argmax(~((flat >= 0) & (flat <= top))))
        hint = "; send 0 to 255 as UINT8" if datatype in _FLOATS else ""
        raise InvalidValueError(f"pixels of {datatype} are 0 to {top}, got {flat[place]:g} at {place}{hint}")
    if datatype not in _FLOATS and flat.dtype.kind == "f" and not (flat == np.floor(flat)).all():
        place = int(np.argmax(flat != np.floor(flat)))
        raise InvalidValueError(f"pixels of {datatype} are whole numbers, got {flat[place]:g} at {place}")
    pixels = flat.reshape(count, PIXELS).astype(np.float32)
    return pixels / np.float32(top) if top != 1 else pixels


def _ink(datatype: str, values: NDArray[Any]) -> int:
    """Return the value of ink: 255 for whole numbers; 1 if a larger type than UINT8 holds no more."""
    if datatype not in _INTEGERS or (datatype != "UINT8" and values.max() == 1):
        return 1
    return _INK


def _array(datatype: str, text: bytes, depth: int) -> NDArray[np.float64]:
    """Return lists of JSON, nested `depth` deep, as an array."""
    kind: Any = bool | float if datatype == "BOOL" else float  # some clients write BOOL as 0 and 1, UINT8 as 255.0
    for _ in range(depth):
        kind = list[kind]
    try:
        return np.array(msgspec.json.decode(text, type=kind), np.float64)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"data is no list of {datatype}: {error}") from error
    except (ValueError, OverflowError) as error:  # NumPy's
        raise FormatError(f"data's lists differ in length, or hold numbers that are too large: {error}") from error
