"""One convolution in single steps: a window of 3×3 pixels, nine products, their sum, and where the window goes. Pure.

Windows are numbered by their middle pixel, row by row. Outside the picture there is paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.net.interfaces import Bytes

SIDE = 28  # of a picture
WINDOWS = SIDE * SIDE
STEPS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}


def pixels_under(picture: Bytes | None, window: int) -> list[float]:
    """Return the nine pixels of a window, row by row, from 0 for paper to 1 for ink."""
    row, column = window // SIDE, window % SIDE
    found: list[float] = []
    for y in (row - 1, row, row + 1):
        for x in (column - 1, column, column + 1):
            inside = picture is not None and 0 <= y < SIDE and 0 <= x < SIDE
            found.append(picture[y * SIDE + x] / 255 if picture is not None and inside else 0.0)
    return found


def value_of(pixels: Sequence[float], weights: Sequence[float]) -> float:
    """Return the sum of nine products and the bias, which is the tenth of the weights."""
    return sum([pixel * weight for pixel, weight in zip(pixels, weights[:9], strict=True)]) + weights[9]


def convolve(picture: Bytes | None, weights: Sequence[float]) -> list[float]:
    """Return the values of all windows, row by row."""
    ink = [0.0] * ((SIDE + 2) * (SIDE + 2))
    if picture is not None:
        for pixel, value in enumerate(picture):
            if value:
                ink[(pixel // SIDE + 1) * (SIDE + 2) + pixel % SIDE + 1] = value / 255
    a, b, c, d, e, f, g, h, i, bias = weights
    found: list[float] = []
    for row in range(SIDE):
        top = row * (SIDE + 2)
        middle, bottom = top + SIDE + 2, top + 2 * (SIDE + 2)
        for x in range(SIDE):
            found.append(
                bias
                + a * ink[top + x] + b * ink[top + x + 1] + c * ink[top + x + 2]
                + d * ink[middle + x] + e * ink[middle + x + 1] + f * ink[middle + x + 2]
                + g * ink[bottom + x] + h * ink[bottom + x + 1] + i * ink[bottom + x + 2]
            )  # fmt: skip
    return found


def next_window(picture: Bytes | None, window: int) -> int:
    """Return the next window with ink in it, from the top again after the last one."""
    for step in range(1, WINDOWS):
        candidate = (window + step) % WINDOWS
        if any(pixels_under(picture, candidate)):
            return candidate
    return (window + 1) % WINDOWS


def moved(window: int, key: str) -> int | None:
    """Return the window that an arrow key leads to, None for other keys. At the edges it stays."""
    if key not in STEPS:
        return None
    across, down = STEPS[key]
    row, column = window // SIDE + down, window % SIDE + across
    return row * SIDE + column if 0 <= row < SIDE and 0 <= column < SIDE else window
