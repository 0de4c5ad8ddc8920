"""Telling ink from paper: a picture's colours become 0 for paper to 1 for ink, whatever the colours of both.

Paper is the colour of most of the picture, and ink is what differs from it: so it does not matter which of the two is
darker. How much the paper itself varies tells its grain and uneven light from ink; a clean drawing, where most pixels
are exactly paper, is used as it is.
"""

import numpy as np
from numpy.typing import NDArray

from functions.images.normalise import INK, BlankError

_GRAIN = 4.0  # standard deviations of the paper's own variation that are not ink
_COARSEST = 0.1  # paper that seems to vary more than this fills less than half of the picture
_DARKEST = 90  # percentile of ink, on grainy paper, that counts as full ink
_GRAINY_SIDE = 320  # pixels: grainy pictures are averaged down to it, which takes most of the grain away
_SAMPLES = 5_000  # pixels from which the paper's colour is estimated

type Pixels = NDArray[np.float32]


def ink(colours: Pixels, opacity: Pixels | None = None) -> Pixels:
    """Return (rows, columns) of ink, from colours (rows, columns, channels) and opacity (rows, columns), all 0..1.

    Raises:
        BlankError: when nothing stands out from the paper.
    """
    if opacity is not None:
        colours = _composed(colours, opacity)
    difference = _difference(colours, np.median(_some(colours), 0))
    grain = _spread(difference)
    if grain == 0:
        return _stretched(difference, 0.0, float(difference.max()))
    if grain > _COARSEST:
        difference = _difference(colours, _ground_of_corners(colours))
        return _stretched(difference, 0.0, float(difference.max()))
    return _on_grainy_paper(_averaged(colours))


def _on_grainy_paper(colours: Pixels) -> Pixels:
    difference = _difference(colours, _surface(colours))
    floor = _GRAIN * _spread(difference)
    inked = _without_specks(difference > max(floor, INK))
    if not inked.any():
        raise BlankError("the image is blank: draw something")
    full = float(np.percentile(difference[inked], _DARKEST))
    return np.where(_grown(inked), _stretched(difference, floor, full), np.float32(0))


def _composed(colours: Pixels, opacity: Pixels) -> Pixels:
    """Return colours without transparency, on the paper's own colour, or on one that contrasts with the ink."""
    opaque = opacity[:, :, np.newaxis]
    if np.median(opacity) >= 0.5:  # the paper is opaque, and only parts of it are cut out
        ground = np.median(colours[opacity >= 0.5], 0)
    else:
        light = float((colours * opaque).sum() / max(float(opaque.sum()) * colours.shape[2], 1e-6))
        ground = np.full(colours.shape[2], light < 0.5)
    return np.asarray(colours * opaque + ground * (1 - opaque), np.float32)


def _difference(colours: Pixels, ground: Pixels) -> Pixels:
    away = np.abs(colours - ground)
    return np.asarray(away[:, :, 0] if away.shape[2] == 1 else away.max(2), np.float32)


def _some(colours: Pixels) -> Pixels:
    """Return enough pixels, evenly spread, to judge the paper by: (count, channels)."""
    flat = colours.reshape(-1, colours.shape[2])
    return flat[:: max(1, len(flat) // _SAMPLES)]


def _spread(difference: Pixels) -> float:
    """Return how much paper varies, as a standard deviation, if it is half of the picture at least."""
    return 1.4826 * float(np.median(_some(difference[:, :, np.newaxis])))


def _ground_of_corners(colours: Pixels) -> Pixels:
    """Return the lightest or the darkest colour, whichever is more like the corners: of digits cut out tightly."""
    light = colours.mean(2)
    corners = float(light[[0, 0, -1, -1], [0, -1, 0, -1]].mean())
    low, high = float(light.min()), float(light.max())
    place = light.argmin() if corners - low < high - corners else light.argmax()
    return np.asarray(colours.reshape(-1, colours.shape[2])[place])


def _averaged(colours: Pixels) -> Pixels:
    rows, columns, channels = colours.shape
    size = -(-max(rows, columns) // _GRAINY_SIDE)
    if size == 1 or min(rows, columns) < size:
        return colours
    whole = colours[: rows // size * size, : columns // size * size]
    blocks = whole.reshape(rows // size, size, columns // size, size, channels)
    return np.asarray(blocks.mean((1, 3)), np.float32)


def _surface(colours: Pixels) -> Pixels:
    """Return the paper's colour at each place, (rows, columns, channels): a quadratic surface, for uneven light."""
    rows, columns, _ = colours.shape
    y, x = np.linspace(-1, 1, rows, dtype=np.float32)[:, None], np.linspace(-1, 1, columns, dtype=np.float32)[None]
    terms = np.stack(np.broadcast_arrays(np.float32(1), x, y, x * x, x * y, y * y), 2)  # (rows, columns, 6)
    basis, seen = _some(terms), _some(colours)
    away = np.abs(seen - np.median(seen, 0)).max(1)
    for _ in range(4):  # fit, and leave out what turns out to be ink
        near = away <= 3 * 1.4826 * np.median(away) + 1e-6
        fit = np.linalg.lstsq(basis[near], seen[near], rcond=None)[0]  # (6, channels)
        away = np.abs(seen - basis @ fit).max(1)
    return np.asarray(terms @ fit, np.float32)


def _without_specks(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return ink that has ink around it; a line one pixel wide has, a grain has not."""
    return inked & (_around(inked, 2) >= 5)


def _grown(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return ink and its soft edges."""
    return _around(inked, 1) > 0


def _around(inked: NDArray[np.bool_], reach: int) -> NDArray[np.int64]:
    """Return how many pixels are inked in the square around each, itself included."""
    rows, columns = inked.shape
    sums = np.pad(inked, ((reach + 1, reach), (reach + 1, reach))).cumsum(0).cumsum(1)
    size = 2 * reach + 1
    return np.asarray(sums[size:, size:] - sums[:rows, size:] - sums[size:, :columns] + sums[:rows, :columns])


def _stretched(difference: Pixels, floor: float, full: float) -> Pixels:
    """Return ink from 0 at the floor to 1 at full; too little contrast is left as it is, for that is blank."""
    if full < INK:
        return difference
    return np.asarray(np.clip((difference - floor) / (full - floor), 0, 1), np.float32)
