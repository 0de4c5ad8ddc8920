"""The header of a block of labelled digits (`SCRB`), checked field by field as the API does.

It sees the header's 16 bytes and the length of the whole. The digits themselves stay in typed arrays.
"""

from __future__ import annotations

HEADER = 16
PIXELS = 28 * 28
CLASSES = 10
MAGIC = b"SCRB"


class BlockError(ValueError):
    """Bytes that are not the block they claim to be; the message says what was expected and what came."""


def read_header(header: bytes, length: int) -> int:
    """Return how many digits the block holds; `length` is that of the whole block in bytes."""
    if length < HEADER or len(header) < HEADER:
        raise BlockError(f"a block starts with a header of {HEADER} bytes, got {length} bytes in all")
    if header[:4] != MAGIC:
        raise BlockError(f"a block starts with {MAGIC!r}, got {bytes(header[:4])!r}")
    version, flags = _u16(header, 4), _u16(header, 6)
    rows, columns = _u16(header, 12), _u16(header, 14)
    if version != 1:
        raise BlockError(f"block version 1 is known, got {version}")
    if flags:
        raise BlockError(f"block flags must be 0, got {flags}")
    if (rows, columns) != (28, 28):
        raise BlockError(f"digits are 28×28 pixels, got {rows}×{columns}")
    count = _u16(header, 8) + 65536 * _u16(header, 10)
    if count == 0:
        raise BlockError("a block holds at least one digit, got 0")
    expected = HEADER + count * (1 + PIXELS)
    if length != expected:
        raise BlockError(f"a block of {count} digits is {expected} bytes long, got {length}")
    return count


def check_labels(labels: list[int]) -> None:
    """Refuse labels beyond 9."""
    if max(labels) >= CLASSES:
        place = next(i for i, label in enumerate(labels) if label >= CLASSES)
        raise BlockError(f"labels are 0 to 9, label {place} is {labels[place]}")


def _u16(data: bytes, offset: int) -> int:
    return data[offset] + 256 * data[offset + 1]
