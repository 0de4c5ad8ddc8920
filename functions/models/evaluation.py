"""How good weights are on the test digits, and whether they can be used at all: what every new version has to pass.

`step_checks` decides when a part of the digits is enough, `model` what follows from the result.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.dataset.shards import Digits
from functions.errors import InvalidValueError
from functions.models.calibration import UNMEASURED, Calibration, Scores, calibrate
from functions.models.inference import Classifier, evaluate, judge_each, score_all
from functions.weights import bounds
from functions.weights.int8 import as_int8, int8_scales
from functions.weights.versions import Tensors

_INT8_TOLERANCE = 0.01  # how much worse the int8 form may be, which the page starts with
_INT8_DIGITS = 500  # it is measured on: a form that has lost something shows at once
_CHANCE = 3  # standard deviations of the difference, if both forms read equally well
_COARSER = 1.25  # by how much a row's steps in int8 may grow before that form is measured again


@dataclass(frozen=True)
class Measure:
    """How good weights are on the test digits, and how sure their answers may be."""

    loss: float
    accuracy: float
    calibration: Calibration = UNMEASURED  # of weights that have been examined
    accuracy_error: float | None = None  # its standard error, where only a part of the digits was read

    def at_least(self, errors: float) -> float:
        """Return what the accuracy is at least, if it is off by no more than so many standard errors."""
        return self.accuracy - errors * (self.accuracy_error or 0.0)


@dataclass(frozen=True)
class Examination:
    """Weights measured on all test digits, in such detail that what training makes of them can be compared."""

    measure: Measure
    losses: NDArray[np.float32]  # (N,), of each test digit
    right: NDArray[np.bool_]  # (N,), whether it is recognised
    int8_scales: dict[str, NDArray[np.float32]]  # of each matrix, (rows,)


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

    def examine(self, tensors: Tensors) -> Examination:
        """Return how good weights are, with their calibration, if they can be used.

        Raises:
            InvalidValueError: when some picture's answer could be no number, or their int8 form reads clearly worse.
        """
        bounds.check(tensors)
        digits = self._digits()
        scores = score_all(self._classifier(tensors), digits.images)
        self._check_int8(tensors, scores[:_INT8_DIGITS], digits)
        losses, right = judge_each(scores, digits.labels)
        calibration = calibrate(scores, digits.images, digits.labels)
        measure = Measure(float(losses.mean(dtype=np.float64)), float(right.mean()), calibration)
        return Examination(measure, losses, right, int8_scales(tensors))

    def spot_check(self, tensors: Tensors, before: Examination, part: slice) -> Measure | None:
        """Return how good weights are by how a part of the test digits is read now and was read before.

        The calibration is the one from before. None: their int8 form has become coarser, so examine them.

        Raises:
            InvalidValueError: when some picture's answer could be no number.
        """
        bounds.check(tensors)
        scales = int8_scales(tensors)
        if any((scales[name] > _COARSER * scale).any() for name, scale in before.int8_scales.items()):
            return None
        digits = self._digits()
        scores = score_all(self._classifier(tensors), digits.images[part])
        losses, right = judge_each(scores, digits.labels[part])
        read_before = before.right[part]
        accuracy = before.measure.accuracy + (int(right.sum()) - int(read_before.sum())) / len(right)
        loss = before.measure.loss + float((losses - before.losses[part]).mean(dtype=np.float64))
        # As if one more had changed: that none has in a part does not show that none has in the others.
        error = math.sqrt(int((right != read_before).sum()) + 1) / len(right)
        return Measure(max(loss, 0.0), min(max(accuracy, 0.0), 1.0), before.measure.calibration, error)

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
