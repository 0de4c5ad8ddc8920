"""The block: labelled 28×28 digits as bytes, one format for shards, `/datablock` answers and PATCH bodies.

Layout, little-endian: magic `SCRB`, u16 version 1, u16 flags 0, u32 count N, u16 rows, u16 columns; then N
label bytes; then N × 784 pixel bytes, row-major, 255 is full ink. Callers compress it.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.errors import FormatError

ROWS = COLUMNS = 28
PIXELS = ROWS * COLUMNS
CLASSES = 10
MAGIC = b"SCRB"
VERSION = 1
_HEADER = struct.Struct("<4sHHIHH")


@dataclass(frozen=True)
class Block:
    """N labelled digits."""

    labels: NDArray[np.uint8]  # (N,), 0..9
    pixels: NDArray[np.uint8]  # (N, 784), 0..255

    def __len__(self) -> int:
        return len(self.labels)

    def images(self) -> NDArray[np.float32]:
        """Return the pixels as the networks take them: (N, 784) float32 in 0..1."""
        return self.pixels.astype(np.float32) / np.float32(255)


def encode(block: Block) -> bytes:
    """Return the block's bytes."""
    header = _HEADER.pack(MAGIC, VERSION, 0, len(block), ROWS, COLUMNS)
    return header + block.labels.tobytes() + block.pixels.tobytes()


def decode(data: bytes) -> Block:
    """Read a block, checking every field of its header, its length and its labels.

    Raises:
        FormatError: saying what was expected and what came.
    """
    count = _read_header(data)
    expected = _HEADER.size + count * (1 + PIXELS)
    if len(data) != expected:
        raise FormatError(f"a block of {count} digits is {expected} bytes long, got {len(data)}")
    labels = np.frombuffer(data, np.uint8, count, _HEADER.size)
    pixels = np.frombuffer(data, np.uint8, count * PIXELS, _HEADER.size + count).reshape(count, PIXELS)
    if count and labels.max() >= CLASSES:
        place = int(np.argmax(labels >= CLASSES))
        raise FormatError(f"labels are 0 to 9, label {place} is {labels[place]}")
    return Block(labels, pixels)


def _read_header(data: bytes) -> int:
    if len(data) < _HEADER.size:
        raise FormatError(f"a block starts with a header of {_HEADER.size} bytes, got {len(data)} bytes in all")
    magic, version, flags, count, rows, columns = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise FormatError(f"a block starts with {MAGIC!r}, got {magic!r}")
    if version != VERSION:
        raise FormatError(f"block version {VERSION} is known, got {version}")
    if flags:
        raise FormatError(f"block flags must be 0, got {flags}")
    if (rows, columns) != (ROWS, COLUMNS):
        raise FormatError(f"digits are {ROWS}×{COLUMNS} pixels, got {rows}×{columns}")
    return int(count)
