"""Labelled digits to evaluate a network on: the test split, an IDX pair, or a folder of pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import Block
from functions.errors import FormatError
from infra.dataset import idx
from infra.dataset.sources import Sources, load_dataset
from model_export.pictures import read_folder


@dataclass(frozen=True)
class Labelled:
    """N images with a label each."""

    images: NDArray[np.float32]  # (N, 784) in 0..1
    labels: NDArray[np.integer]  # (N,)
    title: str  # "test digits"
    files: tuple[Path, ...] = ()  # of each image, when each has its own


def from_test_split(say: Callable[[str], None]) -> Labelled:
    """Return the test digits that `scrawl serve` would use."""
    split = load_dataset(Sources.from_environment(), say).splits["test"]
    return Labelled(split.images(), split.labels, "test digits")


def from_idx(images: Path, labels: Path) -> Labelled:
    """Return the digits of a pair of IDX files, gzipped or not.

    Raises:
        FormatError: when one is damaged or another kind of file, or they do not belong together.
    """
    pixels = idx.images(idx.read_bytes(images), str(images))
    digits = idx.labels(idx.read_bytes(labels), str(labels))
    if len(pixels) != len(digits):
        raise FormatError(f"{images} has {len(pixels):,} images, but {labels} {len(digits):,} labels")
    return Labelled(Block(digits, pixels).images(), digits, f"digits of {images}")


def from_folder(folder: Path) -> Labelled:
    """Return the pictures in a folder's subfolders 0 to 9.

    Raises:
        InvalidValueError: when it is empty, not sorted into digits, or a picture cannot be used.
    """
    images, labels, files = read_folder(folder)
    return Labelled(images, labels, f"pictures in {folder}", tuple(files))
