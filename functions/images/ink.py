"""Telling ink from paper: a picture's colours become 0 for paper to 1 for ink, whatever the colours of both.

Paper is the colour of most of the picture, and ink is what differs from it: so it does not matter which of the two is
darker. A clean drawing, where most pixels are exactly paper, is used as it is. In a photo, paper varies: it has
grain, and light that falls off, which a quadratic surface follows, or ends at a shadow's edge, which it does not. So
ink is narrow, too: it remains when everything wide is taken away. `figure` says which ink is the digit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.images.normalise import INK, BlankError

FAINT = 0.15  # ink that stands out less than this from clean paper deserves a caution

_FAINTEST = 0.025  # ink on clean paper stands out at least so much: 7 of 255, which a person just sees
_GRAIN = 4.0  # standard deviations of the paper's own variation that are not ink
_COARSEST = 0.1  # paper that seems to vary more than this fills less than half of the picture
_EXACT = 0.15  # part of a picture that has exactly one colour, if a drawing fills it
_DARKEST = 70  # percentile of ink, on grainy paper, that counts as full ink
_GRAINY_SIDE = 320  # pixels: grainy pictures are averaged down to it, which takes most of the grain away
_SAMPLES = 5_000  # pixels from which the paper's colour is estimated
_STRONGEST = 97  # percentile of what differs from the paper, from which the ink's colour is estimated
_STANDING = 0.15  # what differs less from uneven paper is light, not another paper
_WIDE = 0.3  # of the shorter side: nothing this wide in both directions is a stroke
_NARROWEST = 16  # pixels: in a picture with a shorter side than this, all is narrow

type Pixels = NDArray[np.float32]
type Bytes = NDArray[np.uint8]
type Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Ink:
    """Ink (rows, columns), and how much it stands out from the paper: 1 for black on white."""

    strength: Bytes  # 0 for paper
    full: int  # the strength of full ink
    contrast: float
    standing: Mask | None = None  # what stands out, wide things included; None where that is the ink


def ink(colours: Bytes, opacity: Bytes | None = None) -> Ink:
    """Return the ink of colours (rows, columns, channels) and opacity (rows, columns), all 0..255.

    Colours stay bytes as long as possible: a clean drawing of 280×280 pixels is read twice as fast as in floats.

    Raises:
        BlankError: when nothing stands out from the paper.
    """
    if opacity is not None and opacity.any():  # where all is transparent, programs hid a drawing
        colours = _composed(colours, opacity)
    difference = _difference(colours, _median(_some(colours)))
    grain = 1.4826 / 255 * float(_median(_some(difference)))  # as a standard deviation, if half of it is paper
    if grain == 0:
        return _stretched(difference)
    if grain > _COARSEST:
        tight = _difference(colours, _ground_of_corners(colours))
        if float((tight == 0).mean()) >= _EXACT:
            return _stretched(tight)
    size = -(-max(colours.shape) // _GRAINY_SIDE)
    found = _on_grainy_paper(averaged(colours, size if size <= min(colours.shape[:2]) else 1) / np.float32(255))
    return found or _stretched(_difference(colours, _ground_of_corners(colours)))


def _on_grainy_paper(colours: Pixels) -> Ink | None:
    """Return what is narrow and stronger than the grain; None where ink seems to fill most of the picture."""
    level = _without_light(colours)
    standing = level > max(0.5 * float(np.percentile(_some(level), 95)), _STANDING)
    away = _narrow(level) if min(level.shape) >= _NARROWEST else level
    paper = float(np.median(_some(away)))
    grain = 1.4826 * float(np.median(np.abs(_some(away) - paper)))
    if grain > _COARSEST:
        return None
    floor = paper + _GRAIN * grain
    inked = _without_specks(away > max(floor, INK))
    if not inked.any():
        raise BlankError(BLANK)
    full = float(np.percentile(away[inked], _DARKEST))
    floor = max(floor, paper + 0.2 * (full - paper))
    strength = np.clip((away - floor) * (255 / (full - floor)), 0, 255)
    return Ink(np.where(_grown(inked), strength + 0.5, 0).astype(np.uint8), 255, full - paper, standing)


BLANK = "the image is blank, or its ink too faint: draw something"


def _composed(colours: Bytes, opacity: Bytes) -> Bytes:
    """Return colours without transparency, on the paper's own colour, or on one that contrasts with the ink."""
    opaque = opacity[:, :, np.newaxis] / np.float32(255)
    if np.median(opacity) >= 128:  # the paper is opaque, and only parts of it are cut out
        ground = np.median(colours[opacity >= 128], 0)
    else:
        light = float((colours * opaque).sum() / max(float(opaque.sum()) * colours.shape[2], 1e-6))
        ground = np.full(colours.shape[2], 255 if light < 128 else 0)
    return np.asarray(colours * opaque + ground * (1 - opaque) + 0.5, np.uint8)


def _difference(colours: Bytes, ground: Bytes) -> Bytes:
    """Return how much each pixel differs, in the channel that differs most."""
    channels = [(colours[:, :, channel], ground[channel]) for channel in range(colours.shape[2])]
    planes = [np.maximum(plane, level) - np.minimum(plane, level) for plane, level in channels]
    for plane in planes[1:]:  # ten times faster than a maximum over the last axis
        np.maximum(planes[0], plane, out=planes[0])
    return np.asarray(planes[0])


def _some[Kind: np.generic](values: NDArray[Kind]) -> NDArray[Kind]:
    """Return enough pixels, evenly spread, to judge the paper by: (count,) or (count, channels)."""
    flat = values.reshape(values.shape[0] * values.shape[1], *values.shape[2:])
    step = max(1, len(flat) // _SAMPLES)
    return flat[:: step | 1]  # an odd step does not stay in the same few columns


def _median[Kind: np.generic](values: NDArray[Kind]) -> NDArray[Kind]:
    """Return the middle value along the first axis, without NumPy's care for means and NaN, which takes longer."""
    middle = len(values) // 2
    return np.asarray(np.partition(values, middle, axis=0)[middle])


def _ground_of_corners(colours: Bytes) -> Bytes:
    """Return the lightest or the darkest colour, whichever is more like the corners: of digits cut out tightly."""
    light = colours.mean(2)
    corners = float(light[[0, 0, -1, -1], [0, -1, 0, -1]].mean())
    low, high = float(light.min()), float(light.max())
    place = light.argmin() if corners - low < high - corners else light.argmax()
    return np.asarray(colours.reshape(-1, colours.shape[2])[place])


def averaged(values: Bytes | Pixels, size: int) -> Pixels:
    """Return the mean of each block of size × size pixels; incomplete ones at the end are left out."""
    rows, columns = values.shape[0] // size * size, values.shape[1] // size * size
    total = np.asarray(values, np.float32)
    for length in (rows, columns):  # adding whole rows is many times faster than a mean over axes
        parts = total[:length]
        total = parts[::size].copy()
        for shift in range(1, size):
            total += parts[shift::size]
        total = total.swapaxes(0, 1)
    return np.ascontiguousarray(total / np.float32(size * size))


def _without_light(colours: Pixels) -> Pixels:
    """Return how much each pixel differs from a quadratic surface of light, positive in the direction of the ink."""
    rows, columns = colours.shape[:2]
    y, x = np.linspace(-1, 1, rows, dtype=np.float32)[:, None], np.linspace(-1, 1, columns, dtype=np.float32)[None]
    seen = _some(colours)  # (count, channels)
    down, across = (_some(np.broadcast_to(places, (rows, columns))) for places in (y, x))
    basis = np.stack([np.ones_like(across), across, down, across**2, across * down, down**2], 1)
    difference = seen - np.median(seen, 0)
    away = np.abs(difference).max(1)
    for _ in range(4):  # fit, and leave out what turns out to be ink
        near = away <= 3 * 1.4826 * np.median(away) + 1e-6
        fit = _least_squares(basis[near], seen[near])  # (6, channels)
        difference = seen - basis @ fit
        away = np.abs(difference).max(1)
    strong = away >= np.percentile(away, _STRONGEST)
    colour = (difference[strong] * away[strong, None]).mean(0)  # of the ink, beside the paper's
    direction = colour * np.abs(colour).max() / max(float(colour @ colour), 1e-12)
    light = (fit @ direction).astype(np.float32)
    surface = light[0] + x * (light[1] + light[3] * x) + y * (light[2] + light[5] * y) + light[4] * x * y
    return np.asarray(colours @ direction.astype(np.float32) - surface, np.float32)


def _least_squares(basis: Pixels, seen: Pixels) -> Pixels:
    """Return the factors (6, channels) that fit best; what no pixel determines stays zero."""
    return np.asarray(np.linalg.pinv(basis.T @ basis, hermitian=True) @ (basis.T @ seen), np.float32)


def _narrow(away: Pixels) -> Pixels:
    """Return what stands out from its surroundings: without everything that a square of `_WIDE` fits into."""
    smooth = _box(np.clip(away * 200 + 55, 0, 255)).astype(np.uint8)  # bytes: eight times faster than floats
    reach = max(2, int(_WIDE * min(away.shape) / 2))
    wide = 255 - _lowest(255 - _lowest(smooth, reach), reach)
    return np.asarray(away - (wide.astype(np.float32) - 55) / 200, np.float32)


def _box(values: Pixels) -> Pixels:
    """Return the mean of each pixel and its eight neighbours."""
    padded = np.pad(values, 1, mode="edge")
    down = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray((down[:, :-2] + down[:, 1:-1] + down[:, 2:]) / 9, np.float32)


def _lowest(values: Bytes, reach: int) -> Bytes:
    """Return the lowest value in the square around each pixel; beyond the picture there is nothing."""
    for _ in range(2):  # along the columns, then along the rows
        found = np.pad(values, ((reach, reach), (0, 0)), constant_values=255)
        width = 1
        while width < 2 * reach + 1:
            step = min(width, 2 * reach + 1 - width)
            found = np.minimum(found[:-step], found[step:])
            width += step
        values = np.ascontiguousarray(found.T)
    return values


def _without_specks(inked: Mask) -> Mask:
    """Return ink that has ink around it; a line one pixel wide has, a grain has not."""
    return inked & (_around(inked, 2) >= 5)


def _grown(inked: Mask) -> Mask:
    """Return ink and its soft edges."""
    return _around(inked, 1) > 0


def _around(inked: NDArray[np.bool_], reach: int) -> Bytes:
    """Return how many pixels are inked in the square around each, itself included."""
    rows, columns = inked.shape
    padded = np.pad(inked, reach).view(np.uint8)
    down = sum(padded[shift : shift + rows] for shift in range(1, 2 * reach + 1)) + padded[:rows]
    return np.asarray(
        sum(down[:, shift : shift + columns] for shift in range(1, 2 * reach + 1)) + down[:, :columns], np.uint8
    )


def _stretched(difference: Bytes) -> Ink:
    """Return ink on clean paper: the strongest counts as full."""
    full = int(difference.max())
    if full < 255 * _FAINTEST:
        raise BlankError(BLANK)
    return Ink(difference, full, full / 255)
