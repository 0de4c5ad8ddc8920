"""Which ink is the digit: pieces of ink are judged by place, size and contact with the border.

A frame, a form's box, black corners, the rim of a crop, stray dots, captions and a second figure are left out. What
is left out without doubt is not mentioned; for the rest there are warnings. `ink` finds the ink, `components` its
pieces.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.images.components import Components, components
from functions.images.normalise import BlankError
from functions.images.paper_lines import paper_lines
from functions.images.tilt import tilt, turned_back
from functions.prediction_warnings import SEVERAL_FIGURES, TILTED, TINY, TOUCHES_EDGE, PredictionWarning

_COARSE_SIDE = 96  # cells; pieces are told apart on a coarse grid, each cell inked where any of its pixels is
_TINY = 10  # pixels: a digit with fewer on its longer side has lost its shape
_RIM = 0.4  # of its size: a piece with more contact with the border is no stroke that runs into it
_SMALL = 0.1  # of the picture's side: smaller pieces are no figure that a rim could be left out for
_CORNER = 0.12  # of a frame's sides: it has ink so near to its corners, and a round digit has not
_CORNERS = 3  # that are black: the paper lies at an angle
_NEAR = (0.25, 0.12)  # of the figure's size, down and across: a piece as near as that belongs to it
_DOT = 0.02  # of the figure's area: a piece as small as that belongs to it only inside its box
_ANOTHER = 0.35  # of the figure's size: a piece as large as that is another figure

type Pixels = NDArray[np.float32]
type Bytes = NDArray[np.uint8]
type Mask = NDArray[np.bool_]
type Box = tuple[int, int, int, int]  # top, bottom, left, right, without the ends


@dataclass(frozen=True)
class Grid:
    """A picture's pieces, told apart on a coarse grid."""

    pieces: Components
    cell: int  # pixels
    lines: Mask  # of the paper, which are no pieces

    @classmethod
    def of(cls, inked: Mask) -> "Grid":
        """Find the pieces of ink (rows, columns)."""
        mask, cell = _coarse(inked)
        lines = paper_lines(mask)
        pieces = components(mask & ~lines)
        if lines.any() and not (pieces.size >= _SMALL * max(mask.shape)).any():  # the digit looks like a line
            return cls(components(mask), cell, np.zeros_like(lines))
        return cls(pieces, cell, lines)


def figure(ink: Bytes, full: int, grid: Grid) -> tuple[Pixels, list[PredictionWarning]]:
    """Return the digit's ink alone, cut out, 0..1, and what may be wrong with it; `full` is full ink.

    Raises:
        BlankError: when there is no ink.
    """
    pieces, cell = grid.pieces, grid.cell
    if not len(pieces.area):
        raise BlankError("the image is blank: draw something")
    kept, crowded = _chosen(pieces)
    corners = _corners(pieces, kept)
    warnings = [SEVERAL_FIGURES] if crowded else []
    if int(corners.sum()) + 2 * _wedges(pieces, kept) >= _CORNERS:
        warnings.append(TILTED)
    if not kept.all() or grid.lines.any():
        ink = np.where(_finer(_allowed(pieces.labels, kept) & ~grid.lines, cell, ink.shape), ink, np.uint8(0))
    if 1 <= _sides(ink, full) <= 2:  # ink at more sides has been cut out along its box
        warnings.append(TOUCHES_EDGE)
    top, bottom, left, right = (cell * place for place in _box(pieces, kept))
    if max(bottom - top, right - left) < _TINY:
        warnings.append(TINY)
    alone = ink[max(top - cell, 0) : bottom + cell, max(left - cell, 0) : right + cell]
    strength, angle = np.asarray(alone / np.float32(full), np.float32), tilt(pieces, corners)
    return strength if angle is None else turned_back(strength, angle), warnings


def sheet(grid: Grid) -> Box | None:
    """Return the box of a large, filled rectangle: a sheet of paper on a table, or a window in a screenshot."""
    pieces, cell = grid.pieces, grid.cell
    rows, columns = pieces.shape
    if not len(pieces.area):
        return None
    place = int(pieces.area.argmax())
    top, bottom, left, right = _box(pieces, np.arange(len(pieces.area)) == place)
    short, long = sorted((bottom - top, right - left))
    borders = (top == 0) + (left == 0) + (bottom == rows) + (right == columns)
    filled = pieces.area[place] >= 0.8 * short * long
    if not filled or borders > 1 or short < 0.4 * long or short < 0.25 * min(rows, columns) or cell * short < 40:
        return None
    return cell * (top + 1), cell * (bottom - 1), cell * (left + 1), cell * (right - 1)


def _coarse(inked: Mask) -> tuple[Mask, int]:
    """Return the mask on a grid of at most `_COARSE_SIDE` cells, and the cells' side in pixels."""
    cell = -(-max(inked.shape) // _COARSE_SIDE)
    for _ in range(2):  # the rows, then the columns
        found = inked[::cell].copy()
        for shift in range(1, cell):
            rows = inked[shift::cell]
            found[: len(rows)] |= rows
        inked = found.T
    return inked, cell


def _chosen(pieces: Components) -> tuple[Mask, bool]:
    """Return which pieces are the figure, and whether there is another figure."""
    if len(pieces.area) == 1:
        return np.ones(1, np.bool_), False
    candidates = _without_rims(pieces) & _inside_frames(pieces)
    main = int(np.where(candidates, _prominence(pieces), -1).argmax())
    kept = _near(pieces, main, candidates)
    others = candidates & ~kept & (pieces.size >= _ANOTHER * pieces.size[main])
    return kept, bool(others.any())


def _without_rims(pieces: Components) -> Mask:
    strokes = pieces.contact <= _RIM * pieces.size
    large = bool((pieces.size[strokes] >= _SMALL * max(pieces.shape)).any())
    return strokes if large else np.ones(len(strokes), np.bool_)


def _corners(pieces: Components, kept: Mask) -> Mask:
    """Return the pieces that fill a corner of the picture, as in a turned scan."""
    rows, columns = pieces.shape
    down, across = (pieces.top == 0) ^ (pieces.bottom == rows), (pieces.left == 0) ^ (pieces.right == columns)
    corners: Mask = down & across & ~kept & (pieces.contact > _RIM * pieces.size)
    return corners


def _wedges(pieces: Components, kept: Mask) -> int:
    """Return how many pieces are two such corners that have grown together along a side; a straight rim is filled."""
    rows, columns = pieces.shape
    down, across = (pieces.top == 0) & (pieces.bottom == rows), (pieces.left == 0) & (pieces.right == columns)
    filled = pieces.area > 0.75 * (pieces.bottom - pieces.top) * (pieces.right - pieces.left)
    return int(((down ^ across) & ~kept & ~filled & (pieces.contact > _RIM * pieces.size)).sum())


def _inside_frames(pieces: Components) -> Mask:
    """Return the pieces inside the smallest frame that has a figure in it; all, where there is no frame."""
    every = np.ones(len(pieces.area), np.bool_)
    for place in np.flatnonzero(pieces.size >= 0.4 * max(pieces.shape)):
        top, bottom, left, right = _box(pieces, np.arange(len(every)) == place)
        within = (pieces.top >= top) & (pieces.bottom <= bottom) & (pieces.left >= left) & (pieces.right <= right)
        within[place] = False
        large = within & (pieces.size >= 0.25 * pieces.size[place])
        if large.any() and _is_frame(pieces.labels[top:bottom, left:right] == place):
            every &= within
    return every if every.any() else ~every


def _is_frame(piece: Mask) -> bool:
    rows, columns = piece.shape
    if piece.mean() > 0.6:
        return False
    down, across = -int(-_CORNER * rows // 1), -int(-_CORNER * columns // 1)
    corners = (piece[:down, :across], piece[:down, -across:], piece[-down:, :across], piece[-down:, -across:])
    return sum(bool(corner.any()) for corner in corners) >= 3


def _prominence(pieces: Components) -> NDArray[np.float64]:
    """Return how likely each piece is the digit's: large, tall, in the middle, and not cut by the border."""
    rows, columns = pieces.shape
    down = (pieces.top + pieces.bottom - rows) / rows
    across = (pieces.left + pieces.right - columns) / columns
    size = pieces.bottom - pieces.top + 0.5 * (pieces.right - pieces.left)
    return np.asarray(size * (1 - 0.4 * np.maximum(np.abs(down), np.abs(across))) * np.where(pieces.contact, 0.6, 1))


def _near(pieces: Components, main: int, candidates: Mask) -> Mask:
    """Return the main piece with those that belong to it: near, and not beside it as another digit would be."""
    kept: Mask = np.arange(len(candidates)) == main
    while True:
        top, bottom, left, right = _box(pieces, kept)
        size = max(bottom - top, right - left)
        down = np.maximum(pieces.top - bottom, top - pieces.bottom)
        across = np.maximum(pieces.left - right, left - pieces.right)
        near = (down <= _NEAR[0] * size) & (across <= _NEAR[1] * size)
        inside = (down < 0) & (across < 0)
        width = np.maximum(pieces.right, right) - np.minimum(pieces.left, left)
        beside = (across >= 0) & (width > bottom - top) & (pieces.bottom - pieces.top > 0.6 * (bottom - top))
        dots = (pieces.area < _DOT * pieces.area[main]) & ~inside
        more = kept | (candidates & near & ~beside & ~dots)
        if (more == kept).all():
            return kept
        kept = more


def _box(pieces: Components, kept: Mask) -> Box:
    top, bottom = int(pieces.top[kept].min()), int(pieces.bottom[kept].max())
    return top, bottom, int(pieces.left[kept].min()), int(pieces.right[kept].max())


def _allowed(labels: NDArray[np.int64], kept: Mask) -> Mask:
    """Return the cells of the pieces that are kept, with their soft edges, but nothing of the others."""
    inside = np.where(labels >= 0, kept[labels], False)
    padded = np.pad(inside, 1)
    rows, columns = inside.shape
    grown = np.zeros_like(inside)
    for down in range(3):
        for across in range(3):
            grown |= padded[down : down + rows, across : across + columns]
    return np.asarray(grown & (inside | (labels < 0)))


def _finer(mask: Mask, cell: int, shape: tuple[int, ...]) -> Mask:
    return np.repeat(np.repeat(mask, cell, 0)[: shape[0]], cell, 1)[:, : shape[1]]


def _sides(ink: Bytes, full: int) -> int:
    """Return how many of the picture's sides the ink touches."""
    edges = (ink[0], ink[-1], ink[:, 0], ink[:, -1])
    return sum(2 * int(edge.max()) >= full for edge in edges)
