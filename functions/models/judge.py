"""Which new weights may become current: those that read about as many test digits as the best since the last reset.

`evaluation` and `step_checks` measure, `model` says what is published and what is taken back.
"""

from contextlib import suppress

import numpy as np
from msgspec.structs import replace

from functions.cache import Cache
from functions.errors import CorruptDataError, InvalidValueError, NotFoundError
from functions.models.calibration import Calibration
from functions.models.evaluation import Evaluator, Measure
from functions.models.step_checks import Standing, StepChecks
from functions.weights import bounds
from functions.weights.repository import WeightsRepository
from functions.weights.versions import Change, Tensors, Version

TOLERANCE = 0.02  # how much worse than the best ones since the last reset new weights may be
MOST_LISTED = 200  # versions looked through for one that was measured on all test digits


class Judge:
    """Compares new weights of one model with those before. Safe to share between threads."""

    def __init__(self, evaluator: Evaluator, weights: WeightsRepository) -> None:
        self.evaluator = evaluator
        self.step_checks = StepChecks(evaluator)
        self._weights = weights
        self._measured: Cache[str, Measure] = Cache(8)

    def check_step(self, tensors: Tensors, current: Version, learning_rate: float) -> tuple[Measure, Standing]:
        """Return how good weights are after training steps from the current version; see `StepChecks.check`.

        Raises:
            InvalidValueError: when they cannot be used.
        """
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            bounds.check(current.tensors)  # if it is their fault, a rollback helps, and no other learning rate
            raise InvalidValueError(f"learning rate {learning_rate} makes the weights infinite", "learning_rate")
        return self.step_checks.check(tensors, current.version, mark(current) - TOLERANCE)

    def check_lessons(self, tensors: Tensors, current: Version, learning_rate: float) -> tuple[Measure, Standing]:
        """Return how good weights are after lessons; see `check_step`.

        Raises:
            InvalidValueError: when they cannot be used, or are clearly worse than the best since the last reset.
        """
        measure, standing = self.check_step(tensors, current, learning_rate)
        if self.better(change_of(measure, tensors, "patch", 0), current) is not None:
            raise InvalidValueError(
                f"after this step the weights recognise {measure.accuracy:.2%} of the test digits, the best ones "
                f"since the last reset {mark(current):.2%}; at most {TOLERANCE:.0%} less is accepted"
            )
        return measure, standing

    def better(self, new: Change, current: Version) -> Version | None:
        """Return the version to keep instead, if new weights are clearly worse than the best since the last reset.

        Weights that are no worse than the version to keep are published all the same.
        """
        if new.accuracy_error is not None or new.accuracy >= mark(current) - TOLERANCE:
            return None
        kept = self.kept(current)
        return kept if new.accuracy < self.measure(kept).accuracy else None

    def kept(self, current: Version) -> Version:
        """Return the version to go on from: the current one; if that turns out bad, the last that was examined."""
        if current.accuracy_error is not None and self.measure(current).accuracy < mark(current) - TOLERANCE:
            return self._last_examined() or current
        return current

    def measure(self, version: Version) -> Measure:
        """Return how good a version is now: the test digits may be others than when it was published."""
        return self._measured.get(version.version, lambda: self.evaluator.measure(version.tensors))

    def remember_same(self, version: str, as_version: Version) -> None:
        """Keep that a version has the weights of another one."""
        self.step_checks.remember_same(version, as_version.version)
        self._measured.put(version, self.measure(as_version))

    def _last_examined(self) -> Version | None:
        """Return the newest version that was measured on all test digits; None if it is not kept any more."""
        entries = self._weights.history(MOST_LISTED).versions
        found = next((entry for entry in entries if entry.accuracy_error is None), None)
        with suppress(NotFoundError, CorruptDataError):
            return self._weights.get(found.version) if found else None
        return None


def mark(current: Version) -> float:
    """Return the best accuracy since the last reset."""
    return current.accuracy if current.best is None else current.best


def change_of(measure: Measure, tensors: Tensors, source: str, samples: int, lessons: int = 0) -> Change:
    """Return new weights: every new version comes through here, so it has been measured."""
    temperature, least_contrast = measure.calibration
    return Change(
        tensors,
        source,
        measure.loss,
        measure.accuracy,
        samples,
        temperature=temperature,
        least_contrast=least_contrast,
        accuracy_error=measure.accuracy_error,
        lessons=lessons,
    )


def refusal(new: Change, current: Version) -> str:
    """Return why new weights are not taken."""
    return (
        f"not made current: these weights recognise {new.accuracy:.2%} of the test digits, the best ones "
        f"since the last reset {mark(current):.2%}; at most {TOLERANCE:.0%} less is accepted"
    )


def again(old: Version) -> Change:
    """Return an older version's weights, with what was measured of them."""
    measure = Measure(old.loss, old.accuracy, Calibration(old.temperature, old.least_contrast), old.accuracy_error)
    return replace(change_of(measure, old.tensors, "rollback", 0), restores=old.version)
