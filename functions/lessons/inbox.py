"""Where lessons and updates are handed in, and where their senders ask what became of them."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import msgspec

from functions.dataset.shards import Digits
from functions.errors import ConflictError, CorruptDataError, NotFoundError, UnavailableError
from functions.lessons import lesson
from functions.lessons.lesson import Lesson, LessonId
from functions.lessons.records import shard_name
from functions.lessons.stream import LessonStream
from functions.models.averaging import Update
from functions.models.model import Model
from functions.storage.store import Store

_LOOK_EVERY = 0.25  # seconds between two looks for an outcome

type State = Literal["waiting", "learned", "refused"]


class LessonReport(msgspec.Struct, frozen=True):
    """What is known of a lesson."""

    id: str
    model: str
    state: State
    version: str | None = None  # that first has it
    batch_loss: float | None = None  # of its digits, before the step
    batch_accuracy: float | None = None
    reason: str | None = None  # why it was refused
    weight: float | None = None  # with which an update counts


class Inbox:
    """The way onto the stream. Safe to share between threads."""

    def __init__(
        self,
        stream: LessonStream,
        store: Store,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._stream = stream
        self._store = store
        self._clock = clock
        self._sleep = sleep

    def hand_in(self, model: Model, digits: Digits, learning_rate: float, key: bytes) -> LessonId:
        """Put a lesson on the stream and return its id. One with the same key is the same lesson: it counts once.

        Raises:
            BusyError: when more lessons come at the moment than the stream takes.
            UnavailableError: when the stream or the store cannot be reached.
        """
        return self._put(Lesson(model.manifest.model, key, learning_rate, lesson.as_block(digits)))

    def hand_in_update(self, model: Model, update: Update, body: bytes, room: str = "") -> LessonId:
        """Put an update on the stream, as `hand_in` does a lesson; `body` has its difference."""
        key, contribution = lesson.update_key(update.key), update.contribution
        return self._put(Lesson(model.manifest.model, key, 0.0, body, contribution, room))

    def _put(self, sent: Lesson) -> LessonId:
        body = sent.block
        if body is not None and len(body) > lesson.LARGEST_IN_STREAM:
            with suppress(ConflictError):  # it has been sent before
                self._store.put(sent.object_key, body, if_absent=True)
            sent = msgspec.structs.replace(sent, block=None)
        # The lessons of a model, or of a room, are on one shard, in order.
        return self._stream.put(lesson.encode(sent), sent.room or sent.model)

    def report(self, model: Model, asked: LessonId) -> LessonReport:
        """Return what is known of a lesson.

        Raises:
            NotFoundError: when that is no longer known.
        """
        found = model.weights.logs.outcome(shard_name(self._stream.name, asked.shard), asked.sequence)
        name = model.manifest.model
        if found is None:
            return LessonReport(str(asked), name, "waiting")
        if found.refused is not None:
            return LessonReport(str(asked), name, "refused", reason=found.refused)
        learned = found.version, found.loss, found.accuracy
        return LessonReport(str(asked), name, "learned", *learned, weight=found.weight)

    def wait(self, model: Model, asked: LessonId, seconds: float) -> LessonReport:
        """Return what is known of a lesson once that is more than that it waits, or when the time is up.

        It has been handed in already, so a store that fails now is no failure: then the lesson waits.
        """
        end = self._clock() + seconds
        while (left := end - self._clock()) > 0:
            with suppress(UnavailableError, ConflictError, CorruptDataError, NotFoundError):
                if (report := self.report(model, asked)).state != "waiting":
                    return report
            self._sleep(min(_LOOK_EVERY, left))
        return LessonReport(str(asked), model.manifest.model, "waiting")
