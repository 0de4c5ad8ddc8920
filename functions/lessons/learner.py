"""The consumer: learns a batch of one shard's records, and publishes one version of each model or room it is about.

Lessons are training steps, updates are averaged in; `models.lesson_steps` does both.

A batch may come twice, and another consumer may be at the same one: the log beside the pointer says how far the shard
has been read and which lessons were learned, and moves with the weights by one compare-and-swap. A lesson that cannot
be read or used is recorded as refused, and the others count.
"""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from functions.dataset import block
from functions.dataset.shards import Digits
from functions.errors import FormatError, InvalidValueError, NotFoundError, UnavailableError
from functions.lessons import lesson
from functions.lessons.lesson import Lesson
from functions.lessons.records import Record
from functions.models.averaging import Update
from functions.models.lesson_steps import Exercise, StepResult, Task
from functions.models.model import Model, Taught
from functions.storage.damage import read_again_if_damaged
from functions.storage.store import Store
from functions.weights import safetensors
from functions.weights.contributions import find
from functions.weights.lesson_log import NEW, LessonLog, Outcome, has_read
from functions.weights.pointer import Pointer
from functions.weights.tensor_checks import fit
from functions.weights.versions import Version

_MOST_SAMPLES = 4000

log = logging.getLogger("scrawl")


class _Received(NamedTuple):
    sequence: str
    lesson: Lesson


class Learner:
    """Learns lessons and updates of any model, and of any room."""

    def __init__(self, model: Callable[[str, str], Model], store: Store) -> None:
        """`model` returns a model by its name and a room's, which is empty for the shared weights."""
        self._model = model
        self._store = store

    def learn(self, shard: str, records: Sequence[Record]) -> None:
        """Learn the records that have not been learned yet. They come in the shard's order.

        Raises:
            UnavailableError, ConflictError, CorruptDataError: when the batch should come again.
        """
        for (name, room), received in _by_model(shard, records).items():
            try:
                model = self._model(name, room)
            except (NotFoundError, InvalidValueError) as error:
                log.error("lessons of an unknown model", extra={"model": name, "error": str(error)})
                continue
            try:
                self._learn(model, shard, received)
            except NotFoundError as error:
                if not room:
                    raise
                log.info("lessons of a room that is over", extra={"model": name, "error": str(error)})
            self._tidy(received)

    def _learn(self, model: Model, shard: str, received: Sequence[_Received]) -> None:
        model.learn(lambda current, pointer, known: self._taught(model, current, pointer, known, shard, received))

    def _taught(
        self,
        model: Model,
        current: Version,
        pointer: Pointer,
        known: LessonLog,
        shard: str,
        received: Sequence[_Received],
    ) -> Taught | None:
        """Return what the lessons that are new make of the current weights; None if none is."""
        new = [one for one in received if not has_read(known.read, shard, one.sequence)]
        if not new:
            return None
        outcomes = {outcome.key: outcome for outcome in known.outcomes}
        tasks: dict[bytes, Task] = {}
        for sequence, sent in new:
            if sent.key in outcomes or sent.key in tasks:
                continue
            if sent.contribution and (earlier := find(pointer, sent.contribution.key)):  # it did not come this way
                outcomes[sent.key] = Outcome(shard, sequence, sent.key, earlier.version)
            else:
                try:
                    tasks[sent.key] = self._task(model, sent)
                except (FormatError, InvalidValueError, NotFoundError) as error:
                    outcomes[sent.key] = Outcome(shard, sequence, sent.key, refused=str(error))
        steps = model.take_steps(current, pointer, list(tasks.values()))
        for key, result in zip(tasks, steps.results, strict=True):
            outcomes[key] = _outcome(key, result)
        # A lesson sent twice has the outcome of the first in both places.
        fresh = [replace(outcomes[sent.key], shard=shard, sequence=sequence) for sequence, sent in new]
        return Taught(steps, known.followed_by(fresh, shard, new[-1].sequence))

    def _task(self, model: Model, sent: Lesson) -> Task:
        """Return what a lesson or an update asks for.

        Raises:
            FormatError, InvalidValueError, NotFoundError: when it cannot be read.
        """
        if (one := sent.contribution) is not None:
            if one.samples < 1 or not one.base:
                raise InvalidValueError(f"an update has a base and 1 sample at least, got {one}")
            read = self._body(sent, lambda body: safetensors.read_foreign(body)[0])
            difference = fit(read, model.manifest.shapes())
            return Update(difference, one.base, one.samples, one.participant, one.key)
        if not 0 < sent.learning_rate <= 1:
            raise InvalidValueError(f"the learning rate must be above 0 and at most 1, got {sent.learning_rate}")
        digits = Digits.of(self._body(sent, block.decode))
        if not 1 <= len(digits) <= _MOST_SAMPLES:
            raise InvalidValueError(f"a lesson has 1 to {_MOST_SAMPLES} samples, got {len(digits)}")
        return Exercise(digits, sent.learning_rate)

    def _body[T](self, sent: Lesson, decode: Callable[[bytes], T]) -> T:
        """Return what a body says: a small one's came with the record, a large one's is in the store."""
        if sent.block is not None:
            return decode(sent.block)
        try:
            return read_again_if_damaged(lambda: decode(self._store.get(sent.object_key).body), FormatError)
        except NotFoundError as error:
            raise NotFoundError("its content is no longer in the store: send it again with another key") from error

    def _tidy(self, received: Sequence[_Received]) -> None:
        """Remove the bodies of large lessons. These are learned, so a failure is only logged: S3 does it later."""
        keys = {sent.object_key for _, sent in received if sent.block is None}
        try:
            if keys:
                self._store.delete(*sorted(keys))
        except UnavailableError as error:
            log.warning("learned lessons not removed", extra={"error": str(error)})


def _by_model(shard: str, records: Sequence[Record]) -> dict[tuple[str, str], list[_Received]]:
    """Return the lessons in records, in order, by model and room. What is no lesson is logged and left out."""
    found: dict[tuple[str, str], list[_Received]] = {}
    for record in records:
        try:
            sent = lesson.decode(record.data)
            found.setdefault((sent.model, sent.room), []).append(_Received(record.sequence, sent))
        except FormatError as error:
            log.error("no lesson", extra={"shard": shard, "sequence": record.sequence, "error": str(error)})
    return found


def _outcome(key: bytes, result: StepResult) -> Outcome:
    if result.refused is not None:
        return Outcome("", "", key, refused=result.refused)
    return Outcome("", "", key, NEW, result.loss, result.accuracy, weight=result.weight)
