"""A digit as a PNG picture, greyscale: small enough to write that no imaging library is loaded for it."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import COLUMNS, ROWS


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Return the PNG file of 784 pixels, ink white on black as MNIST has it."""
    rows = pixels.reshape(ROWS, COLUMNS)
    unfiltered = np.pad(rows, ((0, 0), (1, 0)))  # each row begins with its filter type, 0: none
    header = struct.pack(">IIBBBBB", COLUMNS, ROWS, 8, 0, 0, 0, 0)  # 8 bits, greyscale
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(unfiltered.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
