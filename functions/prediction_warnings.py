"""What may be wrong with an answer of `/predict`: a code for programs and a sentence for people, in one table."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray


class PredictionWarning(msgspec.Struct, frozen=True):
    """Why an answer may be wrong: a code for programs, a sentence for people."""

    code: str
    message: str


UNLIKE_ANY_DIGIT = PredictionWarning(
    "unlike_any_digit", "this is unlike any digit that the network has learned, so the answer means little"
)
TOUCHES_EDGE = PredictionWarning(
    "touches_edge", "the ink touches the picture's edge, so a part of the digit may be missing"
)
SEVERAL_FIGURES = PredictionWarning(
    "several_figures", "there is more than one figure in the picture; the main one was read"
)
FAINT_INK = PredictionWarning("faint_ink", "the ink hardly stands out from the paper")
TINY = PredictionWarning("tiny", "the digit has few pixels, too few to show its shape")
TILTED = PredictionWarning("tilted", "the paper lies at an angle in the picture, so the digit may, too")
FIRST_PICTURE = PredictionWarning("first_picture", "the file holds several pictures; the first one was read")
TRUNCATED = PredictionWarning("truncated", "the file lacks its end, so a part of the digit may be missing")

_DOUBTS = (TOUCHES_EDGE, SEVERAL_FIGURES, TINY, TILTED, TRUNCATED)  # after these an answer may well be wrong
_DOUBT = 0.15  # the part of the probability that is then given to all ten digits alike
_FILE_TEMPERATURE = 1.5  # what fits pictures by many people best, after the temperature that fits test digits


def less_sure(probabilities: NDArray[np.float32], warnings: Sequence[PredictionWarning]) -> NDArray[np.float32]:
    """Return probabilities (K,) that are never over 90 % where the picture gives reason to doubt."""
    if not any(warning in _DOUBTS for warning in warnings):
        return probabilities
    return (1 - _DOUBT) * probabilities + np.float32(_DOUBT / len(probabilities))


def of_file(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities (…, K) as sure as they may be about an image file, which is unlike the test digits."""
    powers = probabilities ** np.float32(1 / _FILE_TEMPERATURE)
    return np.asarray(powers / powers.sum(-1, keepdims=True))
