"""Variations of digit images, so that a network learns shapes rather than pixels: warps, stroke width, blur.

All random numbers come from a given generator, a batch at a time. `model_export.hyperparameters` declares how much is
varied.
"""

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import COLUMNS, PIXELS, ROWS
from model_export.hyperparameters import Augmentation

Images = NDArray[np.float32]  # (B, 784), 0..1


def augment(images: Images, augmentation: Augmentation, random: np.random.Generator) -> Images:
    """Return the images (B, 784), each varied in its own way."""
    if augmentation == Augmentation():
        return images
    rows, columns = _source_places(len(images), augmentation, random)
    images = _sample(images, rows, columns)
    if augmentation.ink:
        images = _change_stroke(images, random.uniform(-augmentation.ink, augmentation.ink, len(images)))
    if augmentation.blur:
        images = _blur(images, random.uniform(0, augmentation.blur, len(images)))
    return images


def _change_stroke(images: Images, towards: NDArray[np.float64]) -> Images:
    """Blend each image with its largest neighbours (bolder, `towards` above 0) or smallest ones (finer, below 0)."""
    amount = np.abs(towards).astype(np.float32)[:, None]
    sign = np.where(towards > 0, 1, -1).astype(np.float32)[:, None]
    signed = images * sign  # the smallest neighbour is the largest of the negatives
    field = np.pad(signed.reshape(-1, ROWS, COLUMNS), ((0, 0), (1, 1), (1, 1)))
    down = np.maximum(field[:, :-1, :], field[:, 1:, :])
    most = np.maximum(down[:, :, :-1], down[:, :, 1:])  # (B, 29, 29): of 2×2 pixels, half a pixel further each way
    most = np.float32(0.25) * (most[:, :-1, :-1] + most[:, 1:, :-1] + most[:, :-1, 1:] + most[:, 1:, 1:])
    changed: Images = images + amount * (sign * most.reshape(images.shape) - images)
    return changed


def _blur(images: Images, towards: NDArray[np.float64]) -> Images:
    """Blend each image with its average over 3×3 pixels, weighted 1 2 1."""
    field = np.pad(images.reshape(-1, ROWS, COLUMNS), ((0, 0), (1, 1), (1, 1)))
    field = 0.25 * (field[:, :-2] + field[:, 2:]) + 0.5 * field[:, 1:-1]
    field = 0.25 * (field[:, :, :-2] + field[:, :, 2:]) + 0.5 * field[:, :, 1:-1]
    amount = towards.astype(np.float32)[:, None]
    blurred: Images = images + amount * (field.reshape(images.shape) - images)
    return blurred


def _source_places(count: int, augmentation: Augmentation, random: np.random.Generator) -> tuple[Images, Images]:
    """Return for each pixel of the results, (B, 784), the row and column of the source that it shows."""

    def even(largest: float) -> NDArray[np.float32]:
        return random.uniform(-largest, largest, (count, 1)).astype(np.float32)

    angle = even(np.radians(augmentation.degrees))
    shear = even(augmentation.shear)
    rows_by, columns_by = 1 + even(augmentation.stretch), 1 + even(augmentation.stretch)
    y, x = (_CENTRED_ROWS / rows_by, (_CENTRED_COLUMNS + shear * _CENTRED_ROWS) / columns_by)  # (B, 784)
    rows = np.cos(angle) * y - np.sin(angle) * x + (ROWS - 1) / 2 + even(augmentation.shift)
    columns = np.sin(angle) * y + np.cos(angle) * x + (COLUMNS - 1) / 2 + even(augmentation.shift)
    if augmentation.elastic:
        rows += _smooth_field(count, augmentation.elastic, random)
        columns += _smooth_field(count, augmentation.elastic, random)
    return rows, columns


def _smooth_field(count: int, deviation: float, random: np.random.Generator) -> Images:
    """Return (B, 784) smooth random numbers: a coarse grid of them, blended along both axes."""
    grid = len(_BLEND)
    coarse = random.normal(0, deviation, (count, grid, grid)).astype(np.float32)
    field: Images = (_BLEND.T @ (coarse @ _BLEND)).reshape(count, PIXELS)
    return field


def _sample(images: Images, rows: Images, columns: Images) -> Images:
    """Return the images at fractional places, bilinearly; outside an image there is no ink. Spends `rows`, `columns`.

    In place wherever possible: training small networks waits for this.
    """
    count, width, height = len(images), COLUMNS + 2, ROWS + 2
    padded = np.zeros((count, height, width), np.float32)
    padded[:, 1:-1, 1:-1] = images.reshape(count, ROWS, COLUMNS)
    ink = padded.ravel()
    np.clip(rows + 1, 0, height - 1.001, out=rows)
    np.clip(columns + 1, 0, width - 1.001, out=columns)
    top, left = rows.astype(np.intp), columns.astype(np.intp)
    rows -= top
    columns -= left
    place = np.arange(count, dtype=np.intp)[:, None] * (height * width) + top * width + left
    upper = _blend(ink.take(place), ink[1:].take(place), columns)
    lower = _blend(ink[width:].take(place), ink[width + 1 :].take(place), columns)
    return _blend(upper, lower, rows)


def _blend(first: Images, second: Images, part: Images) -> Images:
    """Return first + part · (second - first), spending both."""
    second -= first
    second *= part
    first += second
    return first


def blend_matrix(grid: int = 6) -> NDArray[np.float32]:
    """Return (grid, 28): how much each of `grid` evenly spaced numbers counts at each pixel of a side.

    Overlapping Gaussians, scaled so that blending random numbers keeps their standard deviation.
    """
    centres = np.linspace(0, ROWS - 1, grid)[:, None]
    weights = np.exp(-(((np.arange(ROWS) - centres) / (ROWS / (grid - 1))) ** 2))
    return (weights / np.sqrt((weights**2).sum(0))).astype(np.float32)


_CENTRED_ROWS = np.repeat(np.arange(ROWS, dtype=np.float32) - (ROWS - 1) / 2, COLUMNS)  # (784,)
_CENTRED_COLUMNS = np.tile(np.arange(COLUMNS, dtype=np.float32) - (COLUMNS - 1) / 2, ROWS)
_BLEND = blend_matrix()
