"""The layout of a safetensors file: which bytes belong to which tensor, and the header of a new one.

JSON's two functions are passed in, and tensors' bytes stay where they are. A file starts with a u64 header length,
then the header as JSON: name → dtype, shape, and the place of its bytes after the header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.parameters import FLOAT, product

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    type Shapes = Mapping[str, Sequence[int]]  # tensor's name → its shape
    type Metadata = dict[str, str]

SIZES = {"F32": FLOAT, "I8": 1, "F16": 2, "BF16": 2, "F64": 8}
# What wrappers write before a layer's name, and what other programs call a layer; `functions.weights.foreign` has the
# same.
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "state_dict.")
RENAMED = (("linear_", "fc"), ("conv2d_", "conv"))
MAX_HEADER = 1_000_000
RESERVED = (
    "__proto__",
    "hasOwnProperty",
)  # names by which the browser's own objects and Brython's dictionaries break
SCALE = ".scale"  # after the name of an int8 matrix: what one step of each row is worth


class FormatError(ValueError):
    """Not the file it claims to be; the message says what was expected and what came."""


class Tensor:
    """Where one tensor lies in the file."""

    def __init__(self, name: str, dtype: str, shape: list[int], start: int, end: int) -> None:
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.start = start  # in the file, in bytes
        self.end = end


def header_length(start: bytes, length: int) -> int:
    """Return the length of the JSON header, from a file's first 8 bytes; `length` is that of the file."""
    if length < 8:
        raise FormatError(f"a safetensors file starts with 8 bytes of header length, got {length} bytes in all")
    size = sum(start[i] << (8 * i) for i in range(6))
    if size > min(MAX_HEADER, length - 8) or start[6] or start[7]:
        raise FormatError(f"the safetensors header does not fit into the {length} bytes that came")
    return size


def check_names(text: str) -> None:
    """Refuse JSON, before it is parsed, that has a name which cannot be a key here."""
    for name in RESERVED:
        if f'"{name}"' in text:
            raise FormatError(f"something in it is called {name}, which is no name of a tensor here: rename it")


def read_layout(header: Mapping[str, Any], data_start: int, length: int) -> tuple[dict[str, Tensor], Metadata]:
    """Return where the tensors are, and the metadata, from the parsed header; each place and size is checked."""
    metadata = header.get("__metadata__") or {}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            tensors[our_name(name)] = _tensor(name, entry, data_start, length)
    return tensors, metadata


def our_name(name: str) -> str:
    """Return what a file's tensor is called here."""
    while name.startswith(PREFIXES):
        name = name[name.index(".") + 1 :]
    for theirs, ours in RENAMED:
        if name.startswith(theirs):
            return ours + name[len(theirs) :]
    return name


def single_of_half(half: int) -> int:
    """Return the bits of the float32 that has the value of a float16's bits."""
    sign, exponent, mantissa = half >> 15, half >> 10 & 31, half & 1023
    if exponent == 31:  # infinity or NaN
        exponent = 143
    elif exponent == 0 and mantissa:  # below 2**-14 there is no leading one
        exponent = 1
        while mantissa < 1024:
            mantissa, exponent = 2 * mantissa, exponent - 1
        mantissa -= 1024
    elif exponent == 0:
        exponent = -112
    return sign * 2**31 + (exponent + 112) * 2**23 + mantissa * 2**13


def check_shapes(tensors: Mapping[str, Tensor], expected: Shapes) -> None:
    """Refuse a file that lacks a tensor of the network, or has it in another shape."""
    for name, shape in expected.items():
        if name not in tensors:
            raise FormatError(f"the network needs {name}, the file has {', '.join(tensors) or 'no tensors'}")
        found = list(tensors[name].shape)
        if found != list(shape):
            hint = ", transposed as Keras keeps it" if found == list(shape)[::-1] and len(found) == 2 else ""
            raise FormatError(f"{name} is {_times(shape)} in this network, {_times(found)} in the file{hint}")


def int8_shapes(shapes: Shapes) -> dict[str, Sequence[int]]:
    """Return the shapes of tensors in the int8 form: each matrix is followed by its rows' scales."""
    small: dict[str, Sequence[int]] = {}
    for name, shape in shapes.items():
        small[name] = shape
        if len(shape) > 1:
            small[name + SCALE] = shape[:1]
    return small


def write_header(shapes: Shapes, metadata: Metadata, dumps: Callable[[Any], str]) -> bytes:
    """Return what precedes the tensors' bytes, which follow in the order of `shapes`.

    They are float32, or int8 where there are scales to a tensor.
    """
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, shape in shapes.items():
        dtype = "I8" if name + SCALE in shapes else "F32"
        start, end = end, end + SIZES[dtype] * product(shape)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _tensor(name: str, entry: Mapping[str, Any], data_start: int, length: int) -> Tensor:
    try:
        dtype, shape = entry["dtype"], [int(size) for size in entry["shape"]]
        start, end = (int(offset) for offset in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{name} lacks dtype, shape or data_offsets in the safetensors header") from error
    if dtype not in SIZES:
        raise FormatError(f"{name} is {' or '.join(SIZES)}, got {dtype}")
    size = product(shape) * SIZES[dtype]
    if start < 0 or end - start != size:
        raise FormatError(f"{name} takes {size} bytes within the file, its header says {start} to {end}")
    if data_start + end > length:
        raise FormatError(f"this is cut off: {name} ends at byte {data_start + end}, the file at {length}")
    return Tensor(name, dtype, shape, data_start + start, data_start + end)


def _times(shape: Collection[int]) -> str:
    return "×".join(str(size) for size in shape)
