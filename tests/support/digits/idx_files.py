"""Small IDX files, made up on the spot, in a folder laid out like MNIST's."""

import functools
import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.dataset.sources import FILES, DigitSplits

COUNTS = {"train": 1200, "t10k": 500}


def images(pixels: NDArray[np.uint8]) -> bytes:
    """Return the bytes of an image file for pixels (N, 784)."""
    return struct.pack(">IIII", 0x803, len(pixels), 28, 28) + pixels.tobytes()


def labels(digits: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a label file for labels (N,)."""
    return struct.pack(">II", 0x801, len(digits)) + digits.tobytes()


@functools.cache
def contents() -> dict[str, bytes]:
    """Return the four files: bright squares, whose place tells the digit."""
    random = np.random.default_rng(0)
    files = {}
    for prefix, count in COUNTS.items():
        digits = random.integers(0, 10, count, np.uint8)
        pixels = random.integers(0, 40, (count, 28, 28), np.uint8)
        for picture, digit in zip(pixels, digits, strict=True):
            picture[4 + 2 * digit : 8 + 2 * digit, 10:16] += 200
        files[f"{prefix}-images-idx3-ubyte"] = images(pixels.reshape(count, 784))
        files[f"{prefix}-labels-idx1-ubyte"] = labels(digits)
    return files


def write(folder: Path, *, compressed: bool = False, **changed: bytes) -> Path:
    """Write the four files; `changed` replaces one by the first word of its name, as in `train_images=b""`."""
    folder.mkdir(exist_ok=True)
    for name, body in contents().items():
        body = changed.get("_".join(name.split("-")[:2]), body)
        path = folder / (f"{name}.gz" if compressed else name)
        path.write_bytes(gzip.compress(body, 1) if compressed else body)
    return folder


def md5s() -> dict[str, str]:
    """Return what `infra.dataset.sources.FILES` would be if these files were MNIST."""
    return {name: hashlib.md5(contents()[name]).hexdigest() for name in FILES}


def of(digits: DigitSplits, folder: Path) -> Path:
    """Write a dataset as the four files."""
    folder.mkdir(exist_ok=True)
    for split, prefix in (("train", "train"), ("test", "t10k")):
        block = digits.splits[split]
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(images(block.pixels))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(labels(block.labels))
    return folder
