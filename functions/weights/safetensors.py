"""The safetensors format: named tensors and strings about them, as bytes.

It is read and written here, not by the package of that name, because the API needs the metadata (which the package's
NumPy functions drop), messages that say what came, and arrays that share the body's memory. Tests compare it with the
package. `tensor_checks` says whether tensors fit an architecture.
"""

import struct
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions import structs
from functions.errors import FormatError
from functions.weights import foreign

_LENGTH = struct.Struct("<Q")
_LONGEST_HEADER = 1 << 20
_MOST_AXES = 8  # of a tensor: their product is then a number that can be computed and shown
_LARGEST_AXIS = 1 << 32
_BF16 = "BF16"
_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "I8": np.dtype("i1"),
    "F16": np.dtype("<f2"),
    "F64": np.dtype("<f8"),
    _BF16: np.dtype("<u2"),  # the upper half of a float32, which NumPy does not know
}
_CODES = {dtype: code for code, dtype in _DTYPES.items() if code in ("F32", "I8")}  # that are written


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def encode(tensors: Mapping[str, NDArray[np.generic]], metadata: Mapping[str, str]) -> bytes:
    """Return a safetensors file with the tensors in the order given; equal input gives equal bytes."""
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    start = 0
    for name, tensor in tensors.items():
        end = start + tensor.nbytes
        header[name] = {"dtype": _CODES[tensor.dtype], "shape": tensor.shape, "data_offsets": (start, end)}
        start = end
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 8)
    return b"".join([_LENGTH.pack(len(text)), text, *(tensor.tobytes() for tensor in tensors.values())])


def decode(data: bytes) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
    """Read a safetensors file: its tensors, which share the memory of `data` (but for bfloat16), and its metadata.

    Raises:
        FormatError: when it is truncated, or another format, or its tensors do not fill it exactly.
    """
    entries, metadata, start = _header(data)
    place = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        _check_entry(name, entry, place)
        place = entry.data_offsets[1]
    if len(data) - start != place:
        raise FormatError(f"the safetensors header announces {place} bytes of tensors, got {len(data) - start}")
    return {name: _array(data, start, entry) for name, entry in entries.items()}, metadata


def read_foreign(data: bytes) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
    """Read a safetensors file that others wrote: see `decode`, and `foreign` for what is made of names and numbers.

    Raises:
        FormatError: when it is another format, or damaged.
        InvalidValueError: when a tensor is there twice.
    """
    foreign.check_format(data)
    found, metadata = decode(data)
    return foreign.as_floats(foreign.renamed(found)), metadata


def decode_metadata(start: bytes) -> dict[str, str]:
    """Read the metadata from the start of a safetensors file, which must hold the whole header."""
    return _header(start)[1]


def _header(data: bytes) -> tuple[dict[str, _Entry], dict[str, str], int]:
    if len(data) < _LENGTH.size:
        raise FormatError(f"a safetensors file starts with 8 bytes of header length, got {len(data)} bytes in all")
    (length,) = _LENGTH.unpack_from(data)
    start = _LENGTH.size + length
    if length > _LONGEST_HEADER:
        raise FormatError(
            f"not a safetensors file: a header of {length} bytes, at most {_LONGEST_HEADER} are allowed"
        )
    if start > len(data):
        raise FormatError(f"the safetensors header is {length} bytes long, got {len(data) - _LENGTH.size}")
    try:
        header = msgspec.json.decode(data[_LENGTH.size : start], type=dict[str, msgspec.Raw])
        metadata = msgspec.json.decode(header.pop("__metadata__", b"{}"), type=dict[str, str])
        return {name: structs.decode(raw, _Entry) for name, raw in header.items()}, metadata, start
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"the safetensors header is not what it should be: {error}") from error


def _check_entry(name: str, entry: _Entry, place: int) -> None:
    if entry.dtype not in _DTYPES:
        raise FormatError(f"tensors are of dtype {' or '.join(_DTYPES)}, {name!r} is {entry.dtype!r}")
    start, end = entry.data_offsets
    if start != place:
        raise FormatError(f"tensor {name!r} should start at byte {place}, its offset says {start}")
    if len(entry.shape) > _MOST_AXES or not all(0 <= size <= _LARGEST_AXIS for size in entry.shape):
        shape = f"{entry.shape[:_MOST_AXES]}"[:200]
        raise FormatError(f"tensor {name!r} has the impossible shape {shape}, of {len(entry.shape)} axes")
    count = 1
    for size in entry.shape:
        count *= size
    expected = count * _DTYPES[entry.dtype].itemsize
    if end - start != expected:
        raise FormatError(f"tensor {name!r} of shape {entry.shape} takes {expected} bytes, its offsets {end - start}")


def _array(data: bytes, start: int, entry: _Entry) -> NDArray[np.generic]:
    dtype = _DTYPES[entry.dtype]
    first, last = entry.data_offsets
    flat: NDArray[np.generic] = np.frombuffer(data, dtype, (last - first) // dtype.itemsize, start + first)
    if entry.dtype == _BF16:
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return flat.reshape(entry.shape)
