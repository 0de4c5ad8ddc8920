"""Where the parts of one convolution stand, for any size of the box: in one row, or in two on a phone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    type Square = tuple[float, float, float]  # x, y, side

WIDE = 520  # pixels from which everything stands in one row
LABEL = 18  # height of a picture's name, and of the bias below the sum
SUM = 48  # side of the square with the sum
LARGEST_GRID = 170
READABLE_GRID = 84  # from which its nine numbers are written in it; drawing and map make room for that


class ConvolutionLayout:
    """Where the drawing, the nine pixels, the nine weights, the sum and the map stand in a box."""

    def __init__(self, width: float, height: float) -> None:
        if width >= WIDE:
            side = min(height - LABEL, width * 0.3, (width - 40 - SUM - 56) / 2 - READABLE_GRID)
            left, room, tallest = side + 20, width - 2 * side - 40, height - LABEL
            self.middle = LABEL + (height - LABEL) / 2
        else:
            side = min((width - 24) / 2, (height - 2 * LABEL) * 0.52)
            left, room, tallest = 0, width, height - 2 * LABEL - side
            self.middle = height - tallest / 2
        top = LABEL + (height - LABEL - side) / 2 if width >= WIDE else LABEL
        self.drawing: Square = (1, top, side - 2)
        self.map: Square = (width - side + 1, top, side - 2)
        grid = max(24.0, min((room - SUM - 56) / 2, tallest, LARGEST_GRID))
        gap = max(14.0, min(32.0, (room - 2 * grid - SUM) / 2))
        start = left + (room - 2 * grid - 2 * gap - SUM) / 2
        self.pixels: Square = (start, self.middle - grid / 2, grid)
        self.weights: Square = (start + grid + gap, self.middle - grid / 2, grid)
        self.signs = (start + grid + gap / 2, start + 2 * grid + gap * 1.5)
        total = min(SUM, max(24.0, tallest - LABEL))
        self.sum: Square = (start + 2 * (grid + gap), self.middle - total / 2, total)
