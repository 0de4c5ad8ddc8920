"""Strokes as wide as MNIST's: a hair line or a broad marker becomes what the networks have learned from.

A stroke's width is twice its area by its outline, seen in the field of 20×20 that a digit is fitted into. Only
strokes that are clearly thinner or thicker than MNIST's are changed.
"""

import numpy as np
from numpy.typing import NDArray

from functions.images.ink import averaged
from functions.images.normalise import FIT, INK

THINNEST, THICKEST = 1.65, 4.8  # pixels of the field; nine in ten of MNIST's test digits lie between them
THIN, THICK = 1.9, 4.4  # what strokes beyond become
_COARSE, _FINE = 40, 100  # pixels: larger ink is averaged down, to measure strokes and to change them

type Pixels = NDArray[np.float32]


def evened(ink: Pixels) -> Pixels:
    """Return ink (rows, columns), perhaps smaller, whose strokes are as wide as MNIST's."""
    coarse = _reduced(ink, _COARSE)
    width = stroke_width(coarse) * FIT / _size(coarse)
    if THINNEST <= width <= THICKEST:
        return ink
    wanted = THIN if width < THINNEST else THICK
    fine = _reduced(ink, _FINE)
    change = (wanted - width) / 2 * _size(fine) / FIT  # on each side
    room = np.pad(fine, int(abs(change)) + 2)
    return _widened(room, change) if change > 0 else 1 - _widened(1 - room, -change)


def stroke_width(ink: Pixels) -> float:
    """Return the mean width of strokes in pixels."""
    padded = np.zeros((ink.shape[0] + 2, ink.shape[1] + 2), np.float32)  # np.pad takes longer than all the rest
    padded[1:-1, 1:-1] = ink
    down, across = padded[1:, :-1] - padded[:-1, :-1], padded[:-1, 1:] - padded[:-1, :-1]
    return 2 * float(ink.sum()) / float(np.hypot(down, across).sum())


def _size(ink: Pixels) -> int:
    inked = ink >= INK
    return max(int(np.ptp(np.flatnonzero(inked.any(axis)))) + 1 for axis in (0, 1))


def _reduced(ink: Pixels, side: int) -> Pixels:
    cell = max(ink.shape) // side
    if cell < 2:
        return ink
    rows, columns = ink.shape
    whole = np.zeros((rows + -rows % cell, columns + -columns % cell), np.float32)
    whole[:rows, :columns] = ink
    return averaged(whole, cell)


def _widened(ink: Pixels, reach: float) -> Pixels:
    """Return ink that reaches further on every side, in steps of at most a pixel; a square step after a round one."""
    steps = -int(-reach // 1)
    part = np.float32(reach / steps)
    for step in range(steps):
        ink = _step(ink, part, part if step % 2 else max(np.float32(0), part - np.float32(0.414)))
    return ink


def _step(ink: Pixels, beside: np.float32, diagonal: np.float32) -> Pixels:
    """Return the maximum of each pixel and its neighbours, which count for less."""
    padded = np.pad(ink, 1)
    rows, columns = ink.shape
    straight = np.zeros_like(ink)
    slanted = np.zeros_like(ink)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            neighbour = padded[1 + down : 1 + down + rows, 1 + across : 1 + across + columns]
            if down and across:
                np.maximum(slanted, neighbour, out=slanted)
            elif down or across:
                np.maximum(straight, neighbour, out=straight)
    return np.asarray(np.maximum(ink, np.maximum(straight * beside, slanted * diagonal)))
