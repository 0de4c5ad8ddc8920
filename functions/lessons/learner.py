"""The consumer: learns a batch of one shard's records, and publishes one version of each model that is taught.

A batch may come twice, and another consumer may be at the same one: the log beside the pointer says how far the shard
has been read and which lessons were learned, and moves with the weights by one compare-and-swap. A lesson that cannot
be read or used is recorded as refused, and the others count.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from functions.dataset import block
from functions.dataset.block import Block
from functions.dataset.shards import Digits
from functions.errors import FormatError, InvalidValueError, NotFoundError, UnavailableError
from functions.lessons import lesson
from functions.lessons.lesson import Lesson
from functions.lessons.records import Record
from functions.models.lesson_steps import Exercise, StepResult
from functions.models.model import Model, Taught
from functions.storage.store import Store
from functions.weights.lesson_log import NEW, LessonLog, Outcome, has_read
from functions.weights.versions import Version

_MOST_SAMPLES = 4000

log = logging.getLogger("scrawl")


class _Received(NamedTuple):
    sequence: str
    lesson: Lesson


class Learner:
    """Learns lessons of any model."""

    def __init__(self, model: Callable[[str], Model], store: Store) -> None:
        """`model` returns a model by its name."""
        self._model = model
        self._store = store

    def learn(self, shard: str, records: Sequence[Record]) -> None:
        """Learn the records that have not been learned yet. They come in the shard's order.

        Raises:
            UnavailableError, ConflictError, CorruptDataError: when the batch should come again.
        """
        for name, received in _by_model(shard, records).items():
            try:
                model = self._model(name)
            except (NotFoundError, InvalidValueError) as error:
                log.error("lessons of an unknown model", extra={"model": name, "error": str(error)})
                continue
            self._learn(model, shard, received)
            self._tidy(received)

    def _learn(self, model: Model, shard: str, received: Sequence[_Received]) -> None:
        model.learn(lambda current, known: self._taught(model, current, known, shard, received))

    def _taught(
        self, model: Model, current: Version, known: LessonLog, shard: str, received: Sequence[_Received]
    ) -> Taught | None:
        """Return what the lessons that are new make of the current weights; None if none is."""
        new = [one for one in received if not has_read(known.read, shard, one.sequence)]
        if not new:
            return None
        outcomes = {outcome.key: outcome for outcome in known.outcomes}
        exercises: dict[bytes, Exercise] = {}
        for sequence, sent in new:
            if sent.key not in outcomes and sent.key not in exercises:
                try:
                    exercises[sent.key] = self._exercise(sent)
                except (FormatError, InvalidValueError, NotFoundError) as error:
                    outcomes[sent.key] = Outcome(shard, sequence, sent.key, refused=str(error))
        steps = model.take_steps(current, list(exercises.values()))
        for key, result in zip(exercises, steps.results, strict=True):
            outcomes[key] = _outcome(key, result)
        # A lesson sent twice has the outcome of the first in both places.
        fresh = [_at(outcomes[sent.key], shard, sequence) for sequence, sent in new]
        learned = [exercises[key] for key in exercises if outcomes[key].refused is None]
        return Taught(steps, known.followed_by(fresh, shard, new[-1].sequence), learned)

    def _exercise(self, sent: Lesson) -> Exercise:
        """Return what a lesson asks for.

        Raises:
            FormatError, InvalidValueError, NotFoundError: when it cannot be read.
        """
        if not 0 < sent.learning_rate <= 1:
            raise InvalidValueError(f"the learning rate must be above 0 and at most 1, got {sent.learning_rate}")
        digits = Digits.of(self._stored(sent) if sent.block is None else block.decode(sent.block))
        if not 1 <= len(digits) <= _MOST_SAMPLES:
            raise InvalidValueError(f"a lesson has 1 to {_MOST_SAMPLES} samples, got {len(digits)}")
        return Exercise(digits, sent.learning_rate)

    def _stored(self, sent: Lesson) -> Block:
        """Return a large lesson's digits; read them again if they are damaged, since an answer may be cut off."""
        key = lesson.object_key(sent.model, sent.key)
        try:
            with suppress(FormatError):
                return block.decode(self._store.get(key).body)
            return block.decode(self._store.get(key).body)
        except NotFoundError as error:
            raise NotFoundError("its digits are no longer in the store: send it again with another key") from error

    def _tidy(self, received: Sequence[_Received]) -> None:
        """Remove the blocks of large lessons. These are learned, so a failure is only logged: S3 does it later."""
        keys = {lesson.object_key(sent.model, sent.key) for _, sent in received if sent.block is None}
        try:
            if keys:
                self._store.delete(*sorted(keys))
        except UnavailableError as error:
            log.warning("learned lessons not removed", extra={"error": str(error)})


def _by_model(shard: str, records: Sequence[Record]) -> dict[str, list[_Received]]:
    """Return the lessons in records, in order, by their models. What is no lesson is logged and left out."""
    found: dict[str, list[_Received]] = {}
    for record in records:
        try:
            sent = lesson.decode(record.data)
            found.setdefault(sent.model, []).append(_Received(record.sequence, sent))
        except FormatError as error:
            log.error("no lesson", extra={"shard": shard, "sequence": record.sequence, "error": str(error)})
    return found


def _outcome(key: bytes, result: StepResult) -> Outcome:
    if result.refused is not None:
        return Outcome("", "", key, refused=result.refused)
    return Outcome("", "", key, NEW, result.loss, result.accuracy)


def _at(outcome: Outcome, shard: str, sequence: str) -> Outcome:
    """Return the same outcome for a record."""
    return Outcome(shard, sequence, outcome.key, outcome.version, outcome.loss, outcome.accuracy, outcome.refused)
