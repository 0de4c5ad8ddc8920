"""The layout of a safetensors file: which bytes belong to which tensor, and the header of a new one.

Pure: JSON's two functions are passed in, and tensors' bytes stay where they are. A file begins with a u64 header
length, then the header as JSON: name → dtype, shape, and the place of its bytes after the header.
"""

SIZES = {"F32": 4, "I8": 1}
MAX_HEADER = 1_000_000


class FormatError(ValueError):
    """Not the file it claims to be; the message says what was expected and what came."""


class Tensor:
    """Where one tensor lies in the file."""

    def __init__(self, name: str, dtype: str, shape: list, begin: int, end: int) -> None:
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.begin = begin  # in the file, in bytes
        self.end = end


def header_length(start: bytes, length: int) -> int:
    """Return the length of the JSON header, from a file's first 8 bytes; `length` is that of the file."""
    if length < 8:
        raise FormatError(f"a safetensors file begins with 8 bytes of header length, got {length} bytes in all")
    size = sum(start[i] << (8 * i) for i in range(6))
    if size > min(MAX_HEADER, length - 8) or start[6] or start[7]:
        raise FormatError(f"the safetensors header does not fit into the {length} bytes that came")
    return size


def read_layout(header: dict, data_begin: int, length: int) -> tuple:
    """Return ({name: Tensor}, metadata) from the parsed header, checking each tensor's place and size."""
    metadata = header.get("__metadata__") or {}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            tensors[name] = _tensor(name, entry, data_begin, length)
    return tensors, metadata


def check_shapes(tensors: dict, expected: dict) -> None:
    """Refuse a file that lacks a tensor of the network, or has it in another shape."""
    for name, shape in expected.items():
        if name not in tensors:
            raise FormatError(f"the network needs {name}, the file has {', '.join(tensors) or 'no tensors'}")
        found = list(tensors[name].shape)
        if found != list(shape):
            raise FormatError(f"{name} is {_times(shape)} in this network, {_times(found)} in the file")


def write_header(shapes: dict, metadata: dict, dumps: object) -> bytes:
    """Return what precedes the bytes of float32 tensors, which follow in the order of `shapes`."""
    header: dict = {"__metadata__": metadata}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 4 * product(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    text = dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def product(shape: list) -> int:
    """Return how many numbers a tensor of that shape holds."""
    total = 1
    for size in shape:
        total *= size
    return total


def _tensor(name: str, entry: dict, data_begin: int, length: int) -> Tensor:
    try:
        dtype, shape = entry["dtype"], [int(size) for size in entry["shape"]]
        begin, end = (int(offset) for offset in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{name} lacks dtype, shape or data_offsets in the safetensors header") from error
    if dtype not in SIZES:
        raise FormatError(f"{name} is {' or '.join(SIZES)}, got {dtype}")
    size = product(shape) * SIZES[dtype]
    if begin < 0 or end - begin != size or data_begin + end > length:
        raise FormatError(f"{name} takes {size} bytes within the file, its header says {begin} to {end}")
    return Tensor(name, dtype, shape, data_begin + begin, data_begin + end)


def _times(shape: list) -> str:
    return "×".join(str(size) for size in shape)
