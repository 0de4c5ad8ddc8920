"""How sure an answer may be, and whether a picture is like the digits that a network has learned.

Both are measured on the test digits when a version is stored, and kept with it. A *temperature* divides the scores,
so that answers of 90 % are right nine times in ten. *Contrast* tells digits from other things: by how much the best
score exceeds the mean one, for the ink that there is. Letters, noise and blots raise no digit's score much for the
ink that they have. A line that lies raises the 4's, so how far the ink spreads, down and across, finds it. The page
computes the same in `scrawl.net.calibration`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from functions.dataset.block import COLUMNS, ROWS
from functions.prediction_warnings import UNLIKE_ANY_DIGIT, PredictionWarning
from functions.weights.versions import Identified

type Scores = NDArray[np.float32]  # (B, 10), log-probabilities, or what differs from them by a constant in each row

FALSE_ALARMS = 0.01  # the part of the test digits that counts as unlike
FLAT = 0.5  # a digit's ink spreads at least so much down as across: two of 10,000 test digits less, no written one
_LEAST_INK = 3.0  # length of a picture, as a vector of 784 pixels: nine full ones; a thin 1 has about 5
_COLDEST, _HOTTEST, _HALVINGS = 0.25, 4.0, 12
_ENOUGH = 200  # digits, from which on these measurements say something


class Calibration(NamedTuple):
    """What is measured of a version's answers. The defaults are for versions that nobody has measured."""

    temperature: float = 1.0
    least_contrast: float | None = None  # what is below is unlike any digit


UNMEASURED = Calibration()


class Reading(NamedTuple):
    """The answers to pictures (B, 784): probabilities (B, 10), whose they are, and the warnings about each."""

    probabilities: NDArray[np.float32]
    weights: Identified
    warnings: list[list[PredictionWarning]]

    @classmethod
    def of(
        cls, scores: Scores, images: NDArray[np.float32], weights: Identified, calibration: Calibration
    ) -> "Reading":
        """Return calibrated answers."""
        sure = probabilities(scores, calibration.temperature)
        return cls(sure, weights, warnings(scores, images, calibration))


def calibrate(scores: Scores, images: NDArray[np.float32], labels: ArrayLike) -> Calibration:
    """Measure labelled digits (N, 784): the temperature with the least loss, and the contrast that few fall below."""
    if len(images) < _ENOUGH:
        return Calibration()
    least = float(np.quantile(contrast(scores, images), FALSE_ALARMS))
    return Calibration(round(_best_temperature(scores, np.asarray(labels)), 4), round(least, 4))


def _best_temperature(scores: Scores, labels: NDArray[np.int64]) -> float:
    """Return the temperature with the least mean loss, which is convex in the temperature's inverse: by halving."""
    of_label = float(scores[np.arange(len(scores)), labels].mean(dtype=np.float64))
    low, high = 1 / _HOTTEST, 1 / _COLDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        expected = (probabilities(scores, 1 / middle) * scores).sum(axis=1).mean(dtype=np.float64)
        low, high = (middle, high) if expected < of_label else (low, middle)  # the loss's slope is their difference
    return 2 / (low + high)


def probabilities(scores: Scores, temperature: float) -> NDArray[np.float32]:
    """Return (B, 10) probabilities, as sure as they may be."""
    scaled = scores / np.float32(temperature)
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def contrast(scores: Scores, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (B,) by how much the best score exceeds the mean one, per length of the picture; 0 without ink."""
    length = np.sqrt(np.einsum("ij,ij->i", images, images))
    excess = np.maximum.reduce(scores, axis=1) - np.add.reduce(scores, axis=1) / np.float32(scores.shape[1])
    found: NDArray[np.float32] = excess * (length >= _LEAST_INK) / np.maximum(length, _LEAST_INK)
    return found


def is_lying(images: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (B,) whether the ink spreads far more across than down, as that of a dash, an arrow or a lying 1."""
    pixels = images.reshape(-1, ROWS, COLUMNS)
    down, across = (_variance(pixels.sum(axis)) for axis in (2, 1))
    return np.asarray(down < FLAT**2 * across)


def _variance(masses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (B,) how far ink (B, 28) is from its middle, as the mean of the squares; 0 without ink."""
    places = np.arange(masses.shape[1], dtype=np.float32)
    total = np.maximum(masses.sum(1), 1e-6)
    middle = masses @ places / total
    return np.asarray((masses * (places - middle[:, None]) ** 2).sum(1) / total)


def warnings(scores: Scores, images: NDArray[np.float32], calibration: Calibration) -> list[list[PredictionWarning]]:
    """Return for each picture the warnings about its answer."""
    unlike = is_lying(images)
    if calibration.least_contrast is not None:
        unlike |= contrast(scores, images) < calibration.least_contrast
    return [[UNLIKE_ANY_DIGIT] if odd else [] for odd in unlike]
