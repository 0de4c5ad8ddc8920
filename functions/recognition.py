"""Which digit a picture shows: the answer of `POST /predict` and of gRPC's `mnist.Mnist` alike.

`images` makes pixels of files and of writing, `models` reads them; transports write the answer in their own way.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from functions.models.calibration import Reading
from functions.prediction_warnings import PredictionWarning, less_sure, of_file
from functions.weights.versions import Identified


class Recogniser(Protocol):
    """A model that recognises digits."""

    def predict(self, images: NDArray[np.float32]) -> Reading:
        """Return what images (B, 784) are read as."""
        ...


class Guess(NamedTuple):
    """A digit, how probable each of the ten is, and why that may be wrong."""

    label: int
    probabilities: NDArray[np.float32]  # (K,)
    warnings: list[PredictionWarning]


def recognise(
    recogniser: Recogniser,
    pictures: NDArray[np.float32],
    doubts: Sequence[PredictionWarning] = (),
    *,
    from_file: bool = False,
) -> tuple[list[Guess], Identified]:
    """Return a guess for each picture (B, 784), and whose guesses they are.

    Guesses are less sure of pictures from image files, and of those that there are `doubts` about.
    """
    reading = recogniser.predict(pictures)
    probabilities = of_file(reading.probabilities) if from_file else reading.probabilities
    warnings = [[*doubts, *more] for more in reading.warnings]
    return [_guess(*about) for about in zip(probabilities, warnings, strict=True)], reading.weights


def _guess(probabilities: NDArray[np.float32], warnings: list[PredictionWarning]) -> Guess:
    return Guess(int(probabilities.argmax()), less_sure(probabilities, warnings), warnings)
