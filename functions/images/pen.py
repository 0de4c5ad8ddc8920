"""Digital ink: pen strokes become the networks' (28, 28) pixels, as MNIST's digits were made.

The path is scaled to the field before it is drawn, so the pen has the same width there, a part of the path's longer
side, whether somebody writes small or large. It is drawn round and smooth on a canvas a few times finer than the
field, which `normalise.place` then shrinks and centres. REST, gRPC and training all draw here, and the page does the
same in C (`site/kernel/pen.c`). Nothing here reads files or JSON; `writing` has the limits of what clients may send.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from functions.errors import InvalidValueError
from functions.images.normalise import FIT, BlankError, place

PEN = 0.1  # the pen's width, as a part of the path's longer side
THINNEST, WIDEST = 0.01, 0.5
FARTHEST = 1e9  # from zero, of a coordinate
FINENESS = 4  # pixels of the canvas per pixel of the field
_PIECE = 4.0  # pixels of the canvas: lines are drawn in pieces that are no longer, each in a small window
_AT_ONCE = 1000  # pieces, which take up to 25 MB of memory
_SMALLEST = 1e-300  # of a path's longer side, in its unit: a smaller one cannot be scaled, and is a dot

type Stroke = NDArray[np.float64]  # (points, 2): x to the right, y down
type Picture = NDArray[np.float32]


def draw_digit(strokes: Sequence[ArrayLike], pen: float = PEN) -> Picture:
    """Return the (28, 28) picture, 0..1, of a digit written as strokes of (x, y) in any unit, y downwards.

    Raises:
        BlankError: when there is no point in any stroke.
        InvalidValueError: for strokes that are not lists of finite (x, y), or a pen outside its range.
    """
    return place(draw_strokes(strokes, pen), FINENESS)


def draw_strokes(strokes: Sequence[ArrayLike], pen: float = PEN) -> Picture:
    """Return the strokes drawn on a canvas that they fill, (rows, columns) in 0..1.

    A single point, or several at the same place, is a dot as wide as the pen would be for a digit that fills the
    field.
    """
    if not THINNEST <= pen <= WIDEST:
        raise InvalidValueError(f"a pen is {THINNEST:g} to {WIDEST:g} of the digit's longer side, got {pen:g}", "pen")
    paths = checked(strokes)
    points = np.concatenate(paths)
    low, extent = points.min(0), np.ptp(points, axis=0)
    side = FINENESS * FIT / (1 + pen)  # of the path: the ink reaches half a pen further on either side
    longest = float(extent.max())
    scale = side / longest if longest > _SMALLEST else 0.0
    margin = pen * side / 2 + 1
    columns, rows = np.ceil(extent * scale + 2 * margin).astype(int)
    return inked([(path - low) * scale + margin for path in paths], pen * side / 2, (rows, columns))


def checked(strokes: Sequence[ArrayLike]) -> list[Stroke]:
    """Return the strokes that have points.

    Raises:
        BlankError, InvalidValueError: as `draw_digit`.
    """
    paths = []
    for number, stroke in enumerate(strokes):
        path = np.asarray(stroke, np.float64)
        if not path.size:
            continue
        if path.ndim != 2 or path.shape[1] != 2:
            raise InvalidValueError(f"a stroke is a list of [x, y], got the shape {path.shape}", f"strokes[{number}]")
        if not np.isfinite(path).all() or np.abs(path).max() > FARTHEST:
            raise InvalidValueError("coordinates are finite numbers, up to a billion", f"strokes[{number}]")
        paths.append(path)
    if not paths:
        raise BlankError("there is no point in the strokes: draw something")
    return paths


def inked(paths: Sequence[Stroke], radius: float, shape: tuple[int, int]) -> Picture:
    """Return a canvas with every path on it, all in its pixels; where ink overlaps, it is not darker."""
    starts, ends = (np.concatenate(parts) for parts in zip(*map(_pieces, paths), strict=True))  # each (pieces, 2)
    reach = int(np.ceil(radius + _PIECE / 2 + 1))
    window = np.arange(-reach, reach + 1)
    canvas = np.zeros((shape[0] + 2 * reach, shape[1] + 2 * reach), np.float32)  # windows may stick out
    for at in range(0, len(starts), _AT_ONCE):
        first, last = starts[at : at + _AT_ONCE], ends[at : at + _AT_ONCE]
        corner = np.floor((first + last) / 2).astype(int)  # the pixel in the middle of each window
        columns, rows = (corner[:, axis, None] + window for axis in (0, 1))  # each (pieces, window)
        covered = _coverage(first, last, columns + 0.5, rows + 0.5, radius)
        places = (rows + reach)[:, :, None] * canvas.shape[1] + (columns + reach)[:, None, :]
        np.maximum.at(canvas.reshape(-1), places.ravel(), covered.ravel())
    return np.ascontiguousarray(canvas[reach:-reach, reach:-reach])


def _pieces(path: Stroke) -> tuple[Stroke, Stroke]:
    """Return where the short pieces of a path start and end; a single point is a piece of no length."""
    if len(path) == 1:
        return path, path
    steps = np.diff(path, axis=0)
    counts = np.maximum(1, np.ceil(np.hypot(steps[:, 0], steps[:, 1]) / _PIECE)).astype(int)
    line = np.repeat(np.arange(len(steps)), counts)
    place = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)  # of a piece in its line
    part = steps[line] / counts[line, None]
    starts = path[line] + part * place[:, None]
    return starts, starts + part


def _coverage(starts: Stroke, ends: Stroke, x: Stroke, y: Stroke, radius: float) -> Picture:
    """Return how much ink each pixel gets from each piece, (pieces, rows, columns): its edge is one pixel soft."""
    across, down = x[:, None, :] - starts[:, :1, None], y[:, :, None] - starts[:, 1:, None]
    step = ends - starts
    length = np.maximum((step**2).sum(1), 1e-12)
    along_x, along_y = (step / length[:, None]).T[:, :, None, None]
    along = np.clip(across * along_x + down * along_y, 0, 1)  # of the nearest place on the piece
    distance = np.hypot(across - along * step[:, :1, None], down - along * step[:, 1:, None])
    covered: Picture = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)
    return covered
