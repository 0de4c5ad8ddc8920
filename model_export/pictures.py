"""Labelled pictures from a folder: one subfolder per digit, `0` to `9`, with images of any size and either polarity.

Each is normalised as drawings are. IDX files are left to `infra.dataset.idx`.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from functions.dataset.block import CLASSES, PIXELS
from functions.errors import InvalidValueError
from functions.images.normalise import BlankError, normalise

_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_LARGEST = 4096  # pixels of a side: a larger picture is no digit, and would take all the memory


def read_folder(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.int64], list[Path]]:
    """Return images (N, 784) in 0..1, labels (N,) and the file of each.

    Raises:
        InvalidValueError: when the folder is missing, empty, not sorted into digits, or a picture cannot be used.
    """
    expected = f"expected a folder with subfolders 0 to {CLASSES - 1}, each holding pictures of that digit"
    if not folder.is_dir():
        raise InvalidValueError(f"{expected}; {folder} is no folder", "folder")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file())
    digits = {str(digit) for digit in range(CLASSES)}
    misplaced = [path for path in files if path.parent.parent != folder or path.parent.name not in digits]
    if misplaced:
        raise InvalidValueError(f"{expected}; {len(misplaced)} are elsewhere, such as {misplaced[0]}", "folder")
    if not files:
        raise InvalidValueError(f"{expected}; {folder} holds no pictures ({', '.join(_ENDINGS)})", "folder")
    images = np.stack([read_picture(path) for path in files])
    return images, np.array([int(path.parent.name) for path in files]), files


def read_picture(path: Path) -> NDArray[np.float32]:
    """Return a picture of a digit as (784,) in 0..1, as the networks take it."""
    try:
        with Image.open(path) as picture:
            if max(picture.size) > _LARGEST:
                raise InvalidValueError(
                    f"{path}: pictures are at most {_LARGEST} pixels wide and high, got {picture.size}"
                )
            gray = ink_of(picture)
        return normalise(gray).reshape(PIXELS)
    except BlankError:
        raise InvalidValueError(f"{path}: the picture is blank") from None
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise InvalidValueError(f"{path} is no readable picture: {error}") from None


def ink_of(picture: Image.Image) -> NDArray[np.float32]:
    """Return the ink of a picture, (rows, columns) in 0..1: how far each pixel is from the paper along its border."""
    picture = ImageOps.exif_transpose(picture).convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    gray = np.asarray(Image.alpha_composite(paper, picture).convert("L"), np.float32) / 255
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    background = float(np.median(border))
    ink = 1 - gray if background > 0.5 else gray
    ink = np.maximum(ink - min(background, 1 - background), 0)
    return np.asarray(ink / max(float(ink.max()), 0.25), np.float32)
