"""Connected components of a mask: the separate pieces of ink, each with its place, size and contact with the border.

Pixels are connected side by side, one above the other or at a corner. The mask is taken as runs in its rows, and runs
that touch are joined by passing the smallest number on, so that no loop in Python goes over pixels.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

type Mask = NDArray[np.bool_]
type Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Components:
    """N pieces of ink, one number a piece in each array, (N,)."""

    area: Numbers  # pixels
    top: Numbers
    bottom: Numbers  # exclusive, as is right
    left: Numbers
    right: Numbers
    contact: Numbers  # pixels along the picture's border
    shape: tuple[int, int]  # of the picture
    runs: tuple[Numbers, Numbers, Numbers, Numbers]  # row, first column, column after the last, piece; (R,) each

    @property
    def size(self) -> Numbers:
        """The longer side of each piece's box."""
        size: Numbers = np.maximum(self.bottom - self.top, self.right - self.left)
        return size

    @cached_property
    def labels(self) -> Numbers:
        """Which piece each pixel is of, -1 for none; (rows, columns)."""
        row, start, end, piece = self.runs
        length = end - start
        labels = np.full(self.shape, -1)
        places = np.repeat(row * self.shape[1] + start - (np.cumsum(length) - length), length)
        labels.reshape(-1)[places + np.arange(len(places))] = np.repeat(piece, length)
        return labels


def components(mask: Mask) -> Components:
    """Return the pieces of a mask (rows, columns)."""
    rows, columns = mask.shape
    row, start, end = _runs(mask)
    joined = _joined(*_touching(row, start, end, columns), len(row))
    first_runs = np.flatnonzero(joined == np.arange(len(row)))
    count = len(first_runs)
    numbers = np.zeros(len(row), np.int64)
    numbers[first_runs] = np.arange(count)
    piece = numbers[joined]
    length = end - start
    contact = np.where((row == 0) | (row == rows - 1), length, (start == 0).astype(np.int64) + (end == columns))
    bottom, left, right = np.zeros(count, np.int64), np.full(count, columns), np.zeros(count, np.int64)
    np.maximum.at(bottom, piece, row + 1)
    np.minimum.at(left, piece, start)
    np.maximum.at(right, piece, end)
    area, border = (np.bincount(piece, part, count).astype(np.int64) for part in (length, contact))
    runs = (row, start, end, piece)
    return Components(area, row[first_runs], bottom, left, right, border, (rows, columns), runs)


def _runs(mask: Mask) -> tuple[Numbers, Numbers, Numbers]:
    """Return the row, the first column and the column after the last of each run, from the top, (R,) each."""
    rows, columns = mask.shape
    padded = np.zeros((rows, columns + 2), np.bool_)
    padded[:, 1:-1] = mask
    changes = np.flatnonzero(padded[:, 1:] != padded[:, :-1])  # starts and ends in turn
    row, column = np.divmod(changes, columns + 1)
    return row[::2], column[::2], column[1::2]


def _touching(row: Numbers, start: Numbers, end: Numbers, columns: int) -> tuple[Numbers, Numbers]:
    """Return the pairs of runs that touch: the number of the upper one, and of the lower one."""
    width = columns + 2  # a gap between rows, so that the end of one does not touch the next
    first, last = (row + 1) * width + start, (row + 1) * width + end  # where they would lie in the row below
    lowest = np.searchsorted(row * width + end, first, "left")  # the first that ends at or behind the start
    highest = np.searchsorted(row * width + start, last, "right")
    count = np.maximum(highest - lowest, 0)
    upper = np.repeat(np.arange(len(row)), count)
    return upper, np.repeat(lowest - (np.cumsum(count) - count), count) + np.arange(count.sum())


def _joined(upper: Numbers, lower: Numbers, count: int) -> Numbers:
    """Return for each run the smallest number of those that it is connected with, (R,)."""
    piece = np.arange(count)
    while True:
        least = np.minimum(piece[upper], piece[lower])
        before = piece.copy()
        for ends in (upper, lower):
            np.minimum.at(piece, before[ends], least)
            np.minimum.at(piece, ends, least)
        piece = piece[piece]
        if (piece == before).all():
            return piece
