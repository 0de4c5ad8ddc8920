"""A model: its graphs, read and checked once, its shared weights, predictions, and what changes the weights.

A PATCH ends in `train_step`, a POST in `upload`, a rollback in `roll_back`, a retraining in `publish_retrained`;
`weights.repository` stores the version.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from functions.cache import Cache
from functions.dataset.shards import Digits
from functions.errors import InvalidValueError
from functions.models.averaging import Merged, RepeatedError, Update, learned_since, merge
from functions.models.calibration import Calibration, Reading
from functions.models.evaluation import Evaluator
from functions.models.graphs import stored_graph
from functions.models.inference import INPUT, Classifier, Scorer, finite, patch_onnx
from functions.models.judge import TOLERANCE, Judge, again, change_of, mark, refusal
from functions.models.lesson_steps import Judged, Steps, Task, Tasks
from functions.models.manifest import ModelManifest
from functions.models.serving import Loaded, ServedWeights
from functions.models.step_checks import Standing
from functions.models.training import Step, Trainer, TrainState
from functions.storage.store import Store
from functions.telemetry import metrics
from functions.weights.lesson_log import Learned, LessonLog
from functions.weights.pointer import Pointer
from functions.weights.repository import WeightsRepository
from functions.weights.versions import Change, Tensors, Version

SERVE_FOR = 1.0  # seconds for which a pointer once read is trusted when predicting
_LISTED = 200  # versions that `versions` names at most


@dataclass(frozen=True)
class PublishedStep:
    """A training step whose weights were published: as which version, and the batch's measures before the step.

    `current` is the version that is current now: another one where the step was so bad that it was taken back.
    """

    version: Version
    current: Version
    batch_loss: float
    batch_accuracy: float


class Taught(NamedTuple):
    """What the lessons and updates of a batch come to: the steps, and the log with all of them."""

    steps: Steps
    log: LessonLog


class Model:
    """One architecture with its shared weights. Safe to share between threads."""

    def __init__(
        self,
        store: Store,
        manifest: ModelManifest,
        weights: WeightsRepository,
        test_digits: Callable[[], Digits],
        clock: Callable[[], float] = time.monotonic,
        *,
        metered: bool = True,
    ) -> None:
        """`metered` says whether its accuracy is among the stage's metrics."""
        self.manifest = manifest
        self.weights = weights
        self._store, self._metered = store, metered
        self.evaluator = Evaluator(lambda tensors: Classifier(self._inference_onnx, tensors), test_digits)
        self._judge = Judge(self.evaluator, weights)
        self._served = ServedWeights(self._load_current, SERVE_FOR, clock=clock)
        self._older: Cache[str, Loaded] = Cache(4)

    @property
    def input_name(self) -> str:
        """Return what its only input is called."""
        return INPUT

    def predict(self, images: NDArray[np.float32]) -> Reading:
        """Return what the current version reads in images (B, 784), calibrated."""
        version, classifier = self.serving()
        scores = finite(classifier.log_probabilities(images), version)
        return Reading.of(scores, images, version, Calibration(version.temperature, version.least_contrast))

    def reader(self, version: str | None = None) -> tuple[Version, Scorer]:
        """Return a version (None: the current one) and what reads images with it; see `service.Predictor`."""
        if version is None:
            found, classifier = self.serving()
        else:
            found, classifier = self._older.get(version, lambda: self._load(self.weights.get(version)))
        return found, classifier.log_probabilities

    def versions(self) -> list[str]:
        """Return the ids of the current version and of those it came from, newest first."""
        return [entry.version for entry in self.weights.history(_LISTED).versions]

    def serving(self) -> Loaded:
        """Return the current version, or the last known one while the store fails, ready to recognise digits."""
        return self._served.get()

    def onnx(self, version: Version) -> bytes:
        """Return the inference graph with a version's weights in it."""
        return patch_onnx(self._inference_onnx, self.manifest, version.tensors)

    def train_step(self, batch: Digits, learning_rate: float, if_version: str | None = None) -> PublishedStep:
        """Train the current weights one step on labelled digits and publish what comes out.

        If that reads clearly fewer test digits than the best weights since the last reset, it is taken back at once.

        Raises:
            InvalidValueError: when the step was so large that the weights became infinite, or too large to be used.
            StaleVersionError: when `if_version` is given and is not the current version.
        """
        steps: list[Step] = []
        standings: list[Standing] = []

        def change(current: Version) -> Change:
            before = TrainState.fresh(current.tensors)
            steps.append(self.trainer.step(before, batch.images, batch.labels, learning_rate=learning_rate))
            tensors = steps[-1].state.weights
            measure, standing = self._judge.check_step(tensors, current, learning_rate)
            standings.append(standing)
            new = change_of(measure, tensors, "patch", len(batch), lessons=1)
            better = self._judge.better(new, current)
            return new if better is None else replace(new, taken_back_by=again(better))

        found = self._updated(change, if_version)
        version = self.weights.get(found.parent) if found.source == "rollback" and found.parent else found
        if version is found:
            self._judge.step_checks.remember(found.version, standings[-1])
        elif found.restores is not None:
            self._judge.remember_same(found.version, self.weights.get(found.restores))
        return PublishedStep(version, found, steps[-1].loss, steps[-1].correct / len(batch))

    def take_steps(self, current: Version, pointer: Pointer, tasks: Sequence[Task]) -> Steps:
        """Return what lessons and updates make of the current version, without those that do harm."""

        def judge(tensors: Tensors, learning_rate: float) -> Judged:
            return self._judge.check_lessons(tensors, current, learning_rate)

        batch = Tasks(lambda: self.trainer, pointer, self.weights.get)
        steps = batch.take(current.tensors, tasks, judge)
        if any(result.refused for result in steps.results) and (kept := self._judge.kept(current)) is not current:
            steps = batch.take(kept.tensors, tasks, judge)  # it was not the lessons' fault
        return steps

    def learn(self, take: Callable[[Version, Pointer, LessonLog], Taught | None]) -> None:
        """Publish what `take` makes of the current version with `take_steps`, and store the log of the lessons.

        Raises:
            ConflictError: when others were faster in every attempt.
        """
        standings: list[Standing] = []

        def learned(current: Version, pointer: Pointer, log: LessonLog) -> Learned | None:
            taught = take(current, pointer, log)
            if taught is None or taught.steps.judged is None or taught.steps.tensors is None:
                return None if taught is None else Learned(None, taught.log)
            measure, standing = taught.steps.judged
            standings.append(standing)
            change = change_of(measure, taught.steps.tensors, *taught.steps.summary)
            return Learned(replace(change, contributions=taught.steps.contributions), taught.log)

        version = self.weights.learn(learned)
        if version is not None:
            self._judge.step_checks.remember(version.version, standings[-1])
            self._published(version)

    def average(self, update: Update) -> Merged:
        """Average a difference that was learned elsewhere into the current weights; once, however often it is sent.

        Raises:
            InvalidValueError: when what comes out reads clearly fewer test digits than the best since the last reset.
            StaleVersionError: when it starts from weights that are too old, or were replaced.
        """
        last: tuple[Standing, float, int] | None = None

        def change(current: Version, pointer: Pointer) -> Change:
            nonlocal last
            update.refuse_repeated(pointer)
            part, tensors = merge(update, current.tensors, pointer, self.weights.get)
            measure, standing = self._judge.step_checks.check(tensors, current.version, mark(current) - TOLERANCE)
            last = standing, part, update.participants(pointer)
            new = replace(change_of(measure, tensors, "update", update.counted), contributions=(update.contribution,))
            if self._judge.better(new, current) is not None:
                raise InvalidValueError(refusal(new, current))
            return new

        try:
            version = self._published(self.weights.average(change))
        except RepeatedError as error:
            return Merged(self.weights.get(error.version), None, error.participants)
        assert last is not None
        self._judge.step_checks.remember(version.version, last[0])
        return Merged(version, last[1], last[2])

    def known_update(self, update: Update) -> Merged | None:
        """Return what an update has come to; None: it is new. Raise `StaleVersionError` as `average` does."""
        pointer = self.weights.pointer()
        try:
            update.refuse_repeated(pointer)
        except RepeatedError as error:
            return Merged(self.weights.get(error.version), None, error.participants)
        learned_since(update, pointer)
        return None

    def upload(self, tensors: Tensors, if_version: str | None = None, *, force: bool = False) -> Version:
        """Publish uploaded weights, unless they read clearly fewer test digits than the best since the last reset.

        With `force` they may, and later ones are compared with these.

        Raises:
            InvalidValueError: with both accuracies.
            StaleVersionError: when `if_version` is given and is not the current version.
        """
        new = replace(self._examined(tensors, "upload", 0), resets=force)

        def change(current: Version) -> Change:
            if not force and self._judge.better(new, current) is not None:
                raise InvalidValueError(f"{refusal(new, current)}, unless ?force=true says so")
            return new

        return self._updated(change, if_version)

    def roll_back(self, version: str, if_version: str | None = None) -> Version:
        """Publish an older version's weights again, however good they are, and even if the current ones are damaged.

        Raises:
            NotFoundError: when there is no such version any more.
            InvalidValueError: when it is the current one.
            StaleVersionError: when `if_version` is given and is not the current version.
        """
        old = self.weights.get(version)
        new = replace(self._examined(old.tensors, "rollback", 0), restores=old.version, resets=True)

        def check(current: str | None) -> None:
            if current == version:
                raise InvalidValueError(f"{version} is the current version already", "version")

        return self._published(self.weights.overwrite(new, check, if_version))

    def publish_retrained(
        self, tensors: Tensors, samples: int, check: Callable[[], object] = lambda: None
    ) -> Version:
        """Publish weights trained from scratch, however good they are. `check` may refuse that by raising."""
        new = replace(self._examined(tensors, "retrain", samples), resets=True)
        return self._published(self.weights.overwrite(new, lambda _: check()))

    def start_over(self, tensors: Tensors) -> Version:
        """Publish a room's first weights, however good they are."""
        new = replace(self._examined(tensors, "room", 0), resets=True)
        return self._published(self.weights.overwrite(new))

    def _load_current(self, loaded: Loaded | None) -> Loaded:
        """Return the current version; what is loaded already, if it is that."""
        version = self.weights.current()
        return loaded if loaded and loaded.version.version == version.version else self._load(version)

    def _load(self, version: Version) -> Loaded:
        return Loaded(version, Classifier(self._inference_onnx, version.tensors))

    @cached_property
    def trainer(self) -> Trainer:
        """The train-step graph, ready to run."""
        graph = stored_graph(self._store, self.manifest, "train_step.onnx")
        return Trainer(graph, self.manifest.shapes(), layers=self.manifest.layers)

    @cached_property
    def _inference_onnx(self) -> bytes:
        return stored_graph(self._store, self.manifest, "inference.onnx")

    def _examined(self, tensors: Tensors, source: str, samples: int) -> Change:
        """Return new weights, measured on all test digits, if they are usable.

        Raises:
            InvalidValueError: when some picture's answer could be no number, or their int8 form reads clearly worse.
        """
        return change_of(self.evaluator.examine(tensors).measure, tensors, source, samples)

    def _updated(self, change: Callable[[Version], Change], if_version: str | None = None) -> Version:
        return self._published(self.weights.update(change, if_version=if_version))

    def _published(self, version: Version) -> Version:
        self._served.expire()  # whoever writes sees the new version in the next prediction
        if self._metered:
            metrics.accuracy(version)
        return version
