"""Lines of ruled or squared paper that cross the digit: long, straight, thin, and from one border to the other.

They are looked for on the coarse grid of `figure`. Where a stroke crosses a line, the stroke stays whole, since the
ink there is not thin. The page does the same in C (`site/kernel/pictures/lines.c`).
"""

import numpy as np
from numpy.typing import NDArray

_FINE = 48  # cells of the longer side, from which on a line may be two cells thick
_SHIFT, _PARTS = 8, 48  # a line rises or falls by at most so many cells on so many
_INKED = 0.4  # of a line's length; faint ones have gaps, and strokes hide parts
_END = 12  # one part in so many of its length, at the border, must be inked just as much

type Mask = NDArray[np.bool_]


def paper_lines(inked: Mask) -> Mask:
    """Return which cells of a mask (rows, columns) are of the paper's lines."""
    level = _level_lines(inked)
    upright = _level_lines((inked & ~level).T).T
    return np.asarray(level | upright)


def _level_lines(inked: Mask) -> Mask:
    """Return the cells of lines that lead from the left border to the right one, and of fainter ones beside them."""
    rows, columns = inked.shape
    end = max(1, columns // _END)
    if not (inked[:, :end].any() and inked[:, -end:].any()):
        return np.zeros_like(inked)
    thin = _thin(inked, 1 + (max(inked.shape) >= _FINE))
    padding = _SHIFT * columns // (2 * _PARTS) + 2
    close = np.pad(thin, ((padding, padding), (0, 0)))  # thin cells, and those above and below
    close[1:] |= close[:-1]
    close[:-1] |= close[1:]
    along, shifts = np.arange(columns), np.arange(-_SHIFT, _SHIFT + 1)
    rises = (along - columns // 2) * shifts[:, None] // _PARTS  # (shifts, columns) cells that a line is lower there
    places = np.arange(padding, padding + rows)[:, None] + rises[:, None]  # (shifts, rows, columns), of each line
    on_line = close[places, along]
    ends = np.stack([_enough(on_line[..., :end]), _enough(on_line[..., -end:])])
    lines = _enough(on_line) & ends.any(0)
    if not (lines & ends.all(0)).any():
        return np.zeros_like(inked)
    found = np.zeros_like(close)
    for near in (-1, 0, 1):
        found[places[lines] + near, along] = True
    return np.asarray(found[padding:-padding] & thin)


def _enough(inked: Mask) -> Mask:
    """Return whether lines (…, cells) are inked."""
    return np.asarray(inked.sum(-1) >= _INKED * inked.shape[-1])


def _thin(inked: Mask, most: int) -> Mask:
    """Return the cells with at most so many inked ones on top of each other."""
    thick = inked.copy()  # whether a column of `most` + 1 inked cells starts here
    for step in range(1, most + 1):
        thick[:-step] &= inked[step:]
        thick[-step:] = False
    grown = thick.copy()
    for step in range(1, most + 1):
        grown[step:] |= thick[:-step]
    return np.asarray(inked & ~grown)
