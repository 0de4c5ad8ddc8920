"""Digits written as pen strokes: skeletons, or what people wrote, jittered, slanted, stretched and bent.

`skeletons` has the shapes; `functions.images.pen` draws them, as it draws what comes over the API.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from functions.images.pen import draw_digit
from model_export.skeletons import SKELETONS, Stroke

# Pens, as parts of a digit's longer side: those of most drawings, and all that occur.
COMMON, ALL = (0.06, 0.16), (0.02, 0.25)


def write(digit: int, rng: np.random.Generator) -> list[Stroke]:
    """Return the strokes of one digit as somebody might write it: a skeleton, bent, slanted and stretched."""
    strokes = SKELETONS[digit](rng)
    frame = np.array([[rng.lognormal(0.0, 0.28), rng.normal(-0.08, 0.22)], [0.0, 1.0]])  # width and slant
    strokes = [_hook(stroke, rng) if rng.random() < 0.15 else stroke for stroke in strokes]
    if rng.random() < 0.1:
        strokes = [np.concatenate(strokes)]  # a pen that was not lifted
    care = min(0.05, 0.02 * rng.lognormal(0.2, 0.5))  # how far the hand strays
    return _moved(strokes, frame, np.radians(rng.normal(0, 7)), care, rng)


def vary(strokes: Sequence[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Return strokes that somebody wrote, about 1 high, as others might have: less changed than a skeleton."""
    frame = np.array([[rng.lognormal(0.0, 0.2), rng.normal(0, 0.17)], [0.0, 1.0]])
    return _moved(strokes, frame, np.radians(rng.normal(0, 6)), min(0.04, 0.015 * rng.lognormal(0.0, 0.5)), rng)


def pen_width(rng: np.random.Generator) -> float:
    """Return the width of some pen, as a part of the digit's longer side."""
    low, high = COMMON if rng.random() < 0.6 else ALL
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _moved(
    strokes: Sequence[Stroke], frame: Stroke, turn: float, care: float, rng: np.random.Generator
) -> list[Stroke]:
    """Return strokes in another frame, turned, bent and shifted against each other; some from a coarse tablet."""
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    waves = rng.normal(0, care, (2, 3)), rng.uniform(0.4, 1.4, (2, 3)), rng.uniform(0, 2 * np.pi, (2, 3))
    if rng.random() < 0.15:
        points = int(rng.integers(7, 14))
        strokes = [_coarse(stroke, points) for stroke in strokes]
    return [_bend(stroke, *waves) @ (rotation @ frame).T + rng.normal(0, care, 2) for stroke in strokes]


def _hook(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """Add the small tick that a pen leaves where it touches down or lifts off."""
    tick = rng.normal(0, 0.05, (1, 2))
    return np.concatenate([stroke[:1] + tick, stroke] if rng.random() < 0.5 else [stroke, stroke[-1:] + tick])


def _coarse(stroke: Stroke, points: int) -> Stroke:
    """Return a stroke as a slow tablet sees it: a few points, evenly spaced, with straight lines between."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
    at = np.linspace(0, along[-1], points)
    return np.column_stack([np.interp(at, along, stroke[:, 0]), np.interp(at, along, stroke[:, 1])])


def _bend(stroke: Stroke, size: Stroke, frequency: Stroke, phase: Stroke) -> Stroke:
    """Shift the points smoothly: three sines along each axis, of the other coordinate and of both."""
    drivers = np.stack([stroke[:, 1], stroke[:, 0], stroke.sum(1)])  # (3, points)
    angle = 2 * np.pi * frequency[:, :, None] * drivers + phase[:, :, None]  # (2, 3, points)
    return np.asarray(stroke + (size[:, :, None] * np.sin(angle)).sum(1).T)


def synthesize(count: int, seed: int) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Yield `count` written digits, each a normalised picture (28, 28) in 0..1 and its label; the same for a seed."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        digit = int(rng.integers(10))
        yield draw_digit(write(digit, rng), pen_width(rng)), digit
