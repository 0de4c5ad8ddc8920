"""One's own drawings as a pair of IDX files, the form MNIST is published in. Pure.

A file is a big-endian u32 magic (0x0800 + number of axes: bytes), a u32 length per axis, then the bytes.
"""

SIDE = 28
_BYTES = 0x0800


def images_header(count: int) -> bytes:
    """Return what precedes the pixels of so many pictures."""
    return _header([count, SIDE, SIDE])


def labels_header(count: int) -> bytes:
    """Return what precedes so many labels."""
    return _header([count])


def _header(shape: list) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in [_BYTES + len(shape), *shape])
