"""Digits written as pen strokes: skeletons jittered, slanted, stretched and bent, then drawn and normalised.

`skeletons` has the shapes.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from functions.images.normalise import normalise
from model_export.skeletons import SKELETONS, Stroke

CANVAS = 160  # pixels; the digit is fitted to 28×28 afterwards, so this only has to be fine enough


def write(digit: int, rng: np.random.Generator) -> list[Stroke]:
    """Return the strokes of one digit as somebody might write it: a skeleton, bent, slanted and stretched."""
    strokes = SKELETONS[digit](rng)
    slant, width, turn = rng.normal(-0.08, 0.22), rng.lognormal(0.0, 0.28), np.radians(rng.normal(0, 7))
    frame = np.array([[width, slant], [0.0, 1.0]])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    care = min(0.05, 0.02 * rng.lognormal(0.2, 0.5))  # how far the hand strays
    waves = rng.normal(0, care, (2, 3)), rng.uniform(0.4, 1.4, (2, 3)), rng.uniform(0, 2 * np.pi, (2, 3))
    strokes = [_hook(stroke, rng) if rng.random() < 0.15 else stroke for stroke in strokes]
    if rng.random() < 0.1:
        strokes = [np.concatenate(strokes)]  # a pen that was not lifted
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


def draw(strokes: list[Stroke], pen: float) -> NDArray[np.float32]:
    """Draw strokes with a round pen, `pen` wide as a part of their longer side; return (CANVAS, CANVAS), ink 1."""
    points = np.concatenate(strokes)
    low, size = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-6)
    scale = CANVAS / (1.1 + pen) / size
    width = max(1.0, pen * size * scale)
    image = Image.new("L", (CANVAS, CANVAS))
    canvas = ImageDraw.Draw(image)
    margin = (0.05 + pen / 2) * size
    for stroke in strokes:
        path = [(float(x), float(y)) for x, y in (stroke - low + margin) * scale]
        canvas.line(path, fill=255, width=round(width))
        for x, y in path:
            canvas.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(image, np.float32) / np.float32(255)


def synthesize(count: int, seed: int) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Yield `count` written digits, each a normalised picture (28, 28) in 0..1 and its label; the same for a seed."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        digit = int(rng.integers(10))
        pen = float(np.exp(rng.uniform(np.log(0.045), np.log(0.19))))
        yield normalise(draw(write(digit, rng), pen)), digit
