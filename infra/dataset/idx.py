"""Reads IDX files, the format MNIST is published in, gzipped or not; damaged and foreign ones are refused.

An IDX file is a big-endian u32 magic (0x0800 + number of axes: bytes), a u32 length per axis, then the bytes.
"""

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import CLASSES, COLUMNS, PIXELS, ROWS
from functions.errors import FormatError

_UNSIGNED_BYTES = 0x0800
_GZIP = b"\x1f\x8b"


def find(folder: Path, name: str) -> Path | None:
    """Return the file of a name in a dataset's folder, as people have it; None if there is none.

    It may be gzipped or not. 7-Zip and Windows unpack `train-images-idx3-ubyte.gz` as `train-images.idx3-ubyte`,
    Kaggle puts each file into a folder of its own name, and torchvision keeps all in `MNIST/raw`.
    """
    for place in (folder, folder / "raw", folder / "MNIST" / "raw"):
        for plain in (name, name.replace("-idx", ".idx")):
            for path in (place / plain, place / f"{plain}.gz", place / plain / name, place / plain / plain):
                if path.is_file():
                    return path
    return None


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, decompressed if they are gzip: some mirrors and browsers unpack without renaming."""
    stored = path.read_bytes()
    if not stored.startswith(_GZIP):
        return stored
    try:
        return gzip.decompress(stored)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(f"{path} is not a whole gzip file: {error}. Get it again.") from error


def images(data: bytes, name: str) -> NDArray[np.uint8]:
    """Return (N, 784) from the bytes of an image file; `name` is for the message."""
    return _array(data, 3, (ROWS, COLUMNS), name).reshape(-1, PIXELS)


def labels(data: bytes, name: str) -> NDArray[np.uint8]:
    """Return (N,) from the bytes of a label file; `name` is for the message."""
    array = _array(data, 1, (), name)
    if array.max() >= CLASSES:
        raise FormatError(f"{name}: labels are 0 to 9, found {array.max()}")
    return array


def _array(data: bytes, axes: int, inner: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    header = 4 * (1 + axes)
    if len(data) < header:
        raise FormatError(f"{name} is truncated: an IDX header is {header} bytes long, the file {len(data)}")
    magic, *shape = (int(word) for word in np.frombuffer(data, ">u4", 1 + axes))
    if magic != _UNSIGNED_BYTES + axes:
        sort = "images" if axes == 3 else "labels"
        raise FormatError(
            f"{name} is not an IDX file of {sort}: it starts with 0x{magic:08x}, not 0x{0x800 + axes:08x}"
        )
    if tuple(shape[1:]) != inner:
        raise FormatError(f"{name}: images are {ROWS}×{COLUMNS} pixels, found {'×'.join(map(str, shape[1:]))}")
    if shape[0] == 0:
        raise FormatError(f"{name} is empty: it announces 0 items")
    expected = header + int(np.prod(shape, dtype=np.int64))
    if len(data) != expected:
        problem = "truncated" if len(data) < expected else "too long"
        raise FormatError(f"{name} is {problem}: its header announces {expected:,} bytes, found {len(data):,}")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)
