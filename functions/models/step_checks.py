"""How good the weights after a training step are: a part of the test digits tells, most of the time.

A training step changes little, so it is compared with the weights that were last measured in full: how those read a
part of the digits, another one for each step, and how they are read now. Whatever leaves doubt is measured in full,
and so is every eighth step. So weights are only ever called worse after all digits were read; docs/models.md says how
likely it is that bad ones pass for up to seven steps.

What is known is kept in this process: the first step after a start, or after a change made elsewhere, is measured in
full. `evaluation` measures, `model` decides what follows.
"""

from typing import NamedTuple

from functions.cache import Cache
from functions.models.evaluation import Evaluator, Examination, Measure
from functions.weights.versions import Tensors

PARTS = 8  # of the test digits, of which seven steps read one each
_SURE = 2.5  # standard errors by which a step must be above what is the least
_FEWEST = 100  # digits in a part


class Standing(NamedTuple):
    """What is known of weights: how they, or those that they come from, did on all test digits."""

    examination: Examination
    steps: int = 0  # training steps since then


class StepChecks:
    """Measures training steps of one model. Safe to share between threads."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._known: Cache[str, Standing] = Cache(8)

    def check(self, tensors: Tensors, parent: str, least: float) -> tuple[Measure, Standing]:
        """Return how good weights are after a step from the version `parent`, and what to remember of them.

        The accuracy is on all test digits, unless it is very likely at least `least`; then it has a standard error.

        Raises:
            InvalidValueError: when the weights cannot be used.
        """
        before = self._known.find(parent)
        measure = None if before is None else self._spot_check(tensors, before)
        if before is not None and measure is not None and measure.at_least(_SURE) >= least:
            return measure, before._replace(steps=before.steps + 1)
        examination = self._evaluator.examine(tensors)
        return examination.measure, Standing(examination)

    def remember(self, version: str, standing: Standing) -> None:
        """Keep what `check` returned: the weights have been published as this version."""
        self._known.put(version, standing)

    def remember_same(self, version: str, as_version: str) -> None:
        """Keep that a version has the weights of another one."""
        standing = self._known.find(as_version)
        if standing is not None:
            self.remember(version, standing)

    def _spot_check(self, tensors: Tensors, before: Standing) -> Measure | None:
        steps, size = before.steps + 1, len(before.examination.right) // PARTS
        if steps >= PARTS or size < _FEWEST:
            return None
        return self._evaluator.spot_check(tensors, before.examination, slice(steps * size, (steps + 1) * size))
