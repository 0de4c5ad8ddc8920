"""Labelled digits to evaluate a network on: the test split, a pair of IDX files, a folder of pictures, or strokes.

Pictures and strokes become digits exactly as `POST /predict` makes them, by `functions.images`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import CLASSES, PIXELS, Block
from functions.errors import FormatError, InvalidValueError
from functions.images.image_files import read_digit
from functions.images.normalise import BlankError
from functions.images.pen import PEN, draw_digit
from infra.dataset import idx, unipen
from infra.dataset.sources import Sources, load_dataset
from infra.dataset.written_digits import read_folder
from infra.output import Say

# What `functions.images.image_files` reads; other files in the folder are ignored.
_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
    *(".jp2", ".ico", ".tga", ".pcx", ".sgi", ".qoi"),
)


@dataclass(frozen=True)
class LabelledImages:
    """N images with a label each."""

    images: NDArray[np.float32]  # (N, 784) in 0..1
    labels: NDArray[np.integer]  # (N,)
    title: str  # "test digits"
    files: tuple[Path, ...] = ()  # of each image, when each has its own
    names: tuple[str, ...] = ()  # of each image, for people, when it has one


def from_test_split(say: Say) -> LabelledImages:
    """Return the test digits that `scrawl serve` would use."""
    split = load_dataset(Sources.from_environment(), say).splits["test"]
    return LabelledImages(split.images(), split.labels, "test digits")


def from_idx(images: Path, labels: Path) -> LabelledImages:
    """Return the digits of a pair of IDX files, gzipped or not.

    Raises:
        FormatError: when one is damaged or another kind of file, or they do not belong together.
    """
    pixels = idx.images(idx.read_bytes(images), str(images))
    digits = idx.labels(idx.read_bytes(labels), str(labels))
    if len(pixels) != len(digits):
        raise FormatError(f"{images} has {len(pixels):,} images, but {labels} {len(digits):,} labels")
    return LabelledImages(Block(digits, pixels).images(), digits, f"digits of {images}")


def from_folder(folder: Path) -> LabelledImages:
    """Return the pictures in a folder's subfolders 0 to 9, of any size and either polarity.

    Raises:
        InvalidValueError: when the folder is missing, empty, not sorted into digits, or a picture cannot be used.
    """
    expected = f"expected a folder with subfolders 0 to {CLASSES - 1}, each holding pictures of that digit"
    if not folder.is_dir():
        raise InvalidValueError(f"{expected}; {folder} is not a folder", "folder")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file())
    digits = {str(digit) for digit in range(CLASSES)}
    misplaced = [path for path in files if path.parent.parent != folder or path.parent.name not in digits]
    if misplaced:
        raise InvalidValueError(f"{expected}; {len(misplaced)} are elsewhere, such as {misplaced[0]}", "folder")
    if not files:
        raise InvalidValueError(f"{expected}; {folder} holds no pictures ({', '.join(_ENDINGS)})", "folder")
    images = np.stack([_read_picture(path) for path in files])
    labels = np.array([int(path.parent.name) for path in files])
    return LabelledImages(images, labels, f"pictures in {folder}", tuple(files), tuple(map(str, files)))


def from_strokes(path: Path, pen: float = PEN) -> LabelledImages:
    """Return the digits in a UNIPEN file, or in all of a folder's, drawn with a pen as `POST /predict` draws strokes.

    Raises:
        FormatError: when there is none, or a file is damaged.
        InvalidValueError: when the pen is outside its range.
    """
    digits = read_folder(path) if path.is_dir() else unipen.read(path)
    images = np.stack([draw_digit(digit.strokes, pen).reshape(PIXELS) for digit in digits])
    labels = np.array([digit.label for digit in digits])
    names = tuple(f"digit {number}, by writer {digit.writer}" for number, digit in enumerate(digits, 1))
    return LabelledImages(images, labels, f"digits written in {path}, pen {pen:.0%}", names=names)


def _read_picture(path: Path) -> NDArray[np.float32]:
    """Return a picture of a digit as (784,) in 0..1."""
    try:
        return read_digit(path.read_bytes()).reshape(PIXELS)
    except BlankError:
        raise InvalidValueError(f"{path}: the picture is blank") from None
    except (FormatError, InvalidValueError, OSError) as error:
        raise InvalidValueError(f"{path} is no readable picture: {error}") from None
