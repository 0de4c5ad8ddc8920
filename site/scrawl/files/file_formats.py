"""Recognises weight files, and writes the headers of IDX files. Pure.

`foreign_networks` finds their network, `scrawl.worker.file_contents` reads the numbers. IDX is the format that MNIST
is published in: a big-endian u32 magic number (0x0800 + number of axes: bytes), a u32 length per axis, the bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.safetensors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Literal

    type FileFormat = Literal["safetensors", "onnx", "json"]
    type Shapes = Mapping[str, Sequence[int]]  # by tensor

LARGEST = 64 * 1024 * 1024  # bytes of a file that is opened
MEDIA_TYPES: dict[FileFormat, str] = {
    "safetensors": "application/vnd.safetensors",
    "onnx": "application/vnd.onnx",
    "json": "application/json",
}
WANTED = "Weights come as safetensors, ONNX or JSON"
_TORCH = "in PyTorch, save model.state_dict() with safetensors.torch.save_file"
_KERAS = "in Keras, save each layer's kernel.T and bias as fc1.weight, fc1.bias, … with safetensors.numpy.save_file"
FOREIGN = (
    (b"PK\x03\x04", f"a zip file, as PyTorch (.pth) and Keras (.keras) write it; {_TORCH}; {_KERAS}"),
    (b"\x80", f"a Python pickle, as older PyTorch writes it (.pth); {_TORCH}"),
    (b"\x89HDF", f"an HDF5 file, as Keras writes it (.h5); {_KERAS}"),
    (b"\x1f\x8b", "a gzip file; unpack it first"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a picture, a sound or a video"),
    (b"%PDF", "a PDF"),
    (b"\0\0\x08", "an IDX file of pictures or labels, as MNIST is published"),
)
IDX_BYTES = 0x0800
SIDE = 28


def check_file(start: bytes, size: int) -> None:
    """Refuse a file by its first 16 bytes and its size, before the rest is read."""
    if size == 0:
        raise FormatError(f"this is empty. {WANTED}")
    format_of(start)
    if size > LARGEST:
        most, found = LARGEST // 1024**2, -(-size // 1024**2)
        raise FormatError(f"this is too large: {found} MB, weights of these networks have at most {most} MB")


def format_of(start: bytes) -> FileFormat:
    """Return the format of a file from its first 16 bytes, because names are not reliable."""
    if start[8:9] == b"{" and start[6:8] == b"\0\0":
        return "safetensors"
    for magic, what in FOREIGN:
        if start.startswith(magic):
            raise FormatError(f"this is {what}. {WANTED}")
    if start[4:8] == b"ftyp":
        raise FormatError(f"this is a video, or a picture of a phone. {WANTED}")
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] in (b"{", b"["):
        return "json"
    if start[:1] == b"\x08":  # the first field of an ONNX model: the version of its format
        return "onnx"
    raise FormatError(f"this is none of the files that hold weights. {WANTED}")


def check_finite(names: Iterable[str], is_finite: Callable[[str], bool]) -> None:
    """Refuse weights that hold NaN or infinity, naming the tensor; `is_finite(name)` looks at its numbers."""
    for name in names:
        if not is_finite(name):
            raise FormatError(f"{name} holds NaN or infinity: its training has diverged")


def innermost_lists(name: str, nested: Any, shape: Sequence[int], is_list: Callable[[Any], bool]) -> list[Any]:
    """Return the innermost lists of a tensor written as nested lists, in order, if they have that shape."""
    rows: list[Any] = [nested]
    for depth, size in enumerate(shape):
        for row in rows:
            if not is_list(row) or len(row) != size:
                found = f"a list of {len(row)}" if is_list(row) else "no list"
                raise FormatError(f"{name} needs lists of {size} at depth {depth + 1}, the file has {found}")
        if depth < len(shape) - 1:
            rows = [inner for row in rows for inner in row]
    return rows


# IDX


def idx_images_header(count: int) -> bytes:
    """Return what precedes the pixels of so many pictures."""
    return _idx_header([count, SIDE, SIDE])


def idx_labels_header(count: int) -> bytes:
    """Return what precedes so many labels."""
    return _idx_header([count])


def _idx_header(shape: list[int]) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in [IDX_BYTES + len(shape), *shape])
