"""How good weights are on the test digits, and whether they can be used at all: what every new version has to pass.

`model` decides what follows from it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from functions.dataset.shards import Digits
from functions.errors import InvalidValueError
from functions.models.calibration import UNMEASURED, Calibration, Scores, calibrate
from functions.models.inference import Classifier, evaluate, judge, score_all
from functions.weights import bounds
from functions.weights.tensors import as_int8
from functions.weights.versions import Tensors

_INT8_TOLERANCE = 0.01  # how much worse the int8 form may be, which the page starts with
_INT8_DIGITS = 500  # it is measured on: a form that has lost something shows at once
_CHANCE = 3  # standard deviations of the difference, if both forms read equally well


@dataclass(frozen=True)
class Measure:
    """How good weights are on the test digits, and how sure their answers may be."""

    loss: float
    accuracy: float
    calibration: Calibration = UNMEASURED  # of weights that have been examined


class Evaluator:
    """Measures weights of one network on the test digits. Safe to share between threads."""

    def __init__(self, classifier: Callable[[Tensors], Classifier], digits: Callable[[], Digits]) -> None:
        """`classifier` makes the network with given weights; `digits` returns the test digits."""
        self._classifier = classifier
        self._digits = digits

    def measure(self, tensors: Tensors, most: int | None = None) -> Measure:
        """Return how good weights are, on the first `most` digits if that is given."""
        digits = self._digits()
        return Measure(*evaluate(self._classifier(tensors), digits.images[:most], digits.labels[:most]))

    def examine(self, tensors: Tensors) -> Measure:
        """Return how good weights are, with their calibration, if they can be used.

        Raises:
            InvalidValueError: when some picture's answer could be no number, or their int8 form reads clearly worse.
        """
        bounds.check(tensors)
        digits = self._digits()
        scores = score_all(self._classifier(tensors), digits.images)
        self._check_int8(tensors, scores[:_INT8_DIGITS], digits)
        return Measure(*judge(scores, digits.labels), calibrate(scores, digits.images, digits.labels))

    def _check_int8(self, tensors: Tensors, scores: Scores, digits: Digits) -> None:
        """Check that the int8 form reads as well, as far as so few digits can tell.

        A weak network reads many of them the other way, some worse and some better, and that is chance.
        """
        count = len(scores)
        labels = np.asarray(digits.labels[:count])
        exact = scores.argmax(1) == labels
        small = score_all(self._classifier(as_int8(tensors)), digits.images[:count]).argmax(1) == labels
        worse = int(exact.sum()) - int(small.sum())
        if worse > max(_INT8_TOLERANCE * count, _CHANCE * math.sqrt((exact != small).sum())):
            raise InvalidValueError(
                f"as int8, which pages start with, these weights recognise {small.mean():.1%} of the test digits "
                f"instead of {exact.mean():.1%}; {_INT8_TOLERANCE:.0%} less is accepted. A weight much larger "
                "than the others of its row does that"
            )
