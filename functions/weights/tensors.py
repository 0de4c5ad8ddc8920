"""Named tensors as bytes: safetensors, nested JSON lists, int8; and the check that they fit an architecture.

The safetensors format is read and written here, not by its package, because the API needs the metadata (which the
package's NumPy functions drop), messages that say what came, and arrays that share the body's memory. Tests compare
it with the package.
"""

import struct
from collections.abc import Mapping
from functools import reduce
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions import structs
from functions.errors import FormatError, InvalidValueError
from functions.weights import foreign

type Array = NDArray[np.float32]
type Shapes = Mapping[str, tuple[int, ...]]

_LENGTH = struct.Struct("<Q")
_LONGEST_HEADER = 1 << 20
_LONGEST_START, _DEEPEST = 4096, 8  # bytes before the first number of nested lists; lists within each other
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


def from_lists(tensors: Mapping[str, msgspec.Raw], shapes: Shapes) -> dict[str, Array]:
    """Read an architecture's tensors from the JSON text of nested lists of numbers; `fit` is still to check them.

    Raises:
        InvalidValueError: naming the tensor that is missing, unknown, or not numbers in properly nested lists.
    """
    _check_names(tensors, shapes)
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


def fit(tensors: Mapping[str, NDArray[np.generic]], shapes: Shapes) -> dict[str, Array]:
    """Return the tensors in the architecture's order, if they are those it has.

    Raises:
        InvalidValueError: naming the tensor that is missing, unknown, misshapen, not float32 or not finite.
    """
    _check_names(tensors, shapes)
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


def _check_names(tensors: Mapping[str, object], shapes: Shapes) -> None:
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
