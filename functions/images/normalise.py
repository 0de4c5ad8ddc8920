"""Normalising a drawing of any size and place: a 28×28 picture, made as MNIST's own digits were.

The ink's bounding box is scaled to fit 20×20 with its aspect kept, its centre of mass put in the centre, which for
MNIST is the middle of pixel (14, 14). The page does the same in C (`site/kernel/normalise.c`); tests compare the two.
Here ink is 1 and paper 0: `image_files` decodes images, and `ink` finds which is which.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from functions.dataset.block import COLUMNS, ROWS
from functions.errors import InvalidValueError

FIT = 20  # pixels of the longer side of the bounding box, in the result
CENTRE = 14.5  # of mass, from the edge; measured on MNIST's test digits: 14.49 ± 0.3
INK = 0.1  # a pixel is ink from here on; fainter ones do not count for box and mass


class BlankError(InvalidValueError):
    """An image without ink."""


def normalise(gray: ArrayLike) -> NDArray[np.float32]:
    """Return the (28, 28) picture of a drawing, values in 0..1.

    Args:
        gray: (rows, columns) of any size, 0 for paper to 1 for ink.

    Raises:
        BlankError: where nothing is drawn.
        InvalidValueError: for another shape, or values outside 0..1.
    """
    gray = _checked(gray)
    (top, bottom), (left, right) = _box(gray)
    return _placed(gray, max(bottom - top, right - left) / FIT)


def place(gray: ArrayLike, scale: float) -> NDArray[np.float32]:
    """Return the (28, 28) picture of a drawing that is scaled already: `scale` of its pixels make one of the field.

    Raises:
        BlankError, InvalidValueError: as `normalise`.
    """
    return _placed(_checked(gray), scale)


def _placed(gray: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
    """Return the drawing scaled, with its centre of mass in the centre."""
    ink = np.where(gray >= INK, gray, 0.0)
    (top, bottom), (left, right) = _box(gray)
    down = _weights(ROWS, len(gray), scale, _centre(ink.sum(1), top, bottom, scale, ROWS))
    across = _weights(COLUMNS, gray.shape[1], scale, _centre(ink.sum(0), left, right, scale, COLUMNS))
    return np.clip(down @ gray @ across.T, 0, 1).astype(np.float32)


def _box(gray: NDArray[np.float64]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where ink starts and ends, down and across."""
    inked = gray >= INK
    return _span(inked.any(1)), _span(inked.any(0))


def _checked(image: ArrayLike) -> NDArray[np.float64]:
    gray = np.asarray(image, np.float64)
    if gray.ndim != 2 or not gray.size:
        raise InvalidValueError(f"an image is (rows, columns) of gray values, got the shape {gray.shape}")
    if not (np.min(gray) >= 0 and np.max(gray) <= 1):
        raise InvalidValueError(f"gray values are 0 to 1, got {np.min(gray):g} to {np.max(gray):g}")
    if np.max(gray) < INK:
        raise BlankError("the image is blank: draw something")
    return gray


def _span(inked: NDArray[np.bool_]) -> tuple[int, int]:
    """Return where ink starts and ends along one axis."""
    places = np.flatnonzero(inked)
    return int(places[0]), int(places[-1]) + 1


def _centre(ink: NDArray[np.float64], start: int, end: int, scale: float, size: int) -> float:
    """Return what goes to the middle: the centre of mass, unless the box would then leave the field."""
    mass = float(ink @ (np.arange(len(ink)) + 0.5) / ink.sum())
    return min(max(mass, end - scale * (size - CENTRE)), start + scale * CENTRE)


def _weights(size: int, source: int, scale: float, centre: float) -> NDArray[np.float64]:
    """Return (size, source) triangle-filter weights: each row averages the source around one pixel of the result.

    The filter reaches one pixel of the result, but at least one of the source. Beyond the source all is paper.
    """
    reach = max(1.0, scale)
    places = centre + (np.arange(size) + 0.5 - CENTRE) * scale  # (size,) in the source
    first, last = int(np.floor(places[0] - reach)) - 1, int(np.ceil(places[-1] + reach)) + 1
    first, last = min(first, 0), max(last, source)
    weights = np.maximum(0, 1 - np.abs(np.arange(first, last) + 0.5 - places[:, None]) / reach)
    weights /= weights.sum(1, keepdims=True)
    return weights[:, -first : source - first]
