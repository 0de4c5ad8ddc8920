"""The log of lessons that the pointer names, kept in this process: whoever has written it need not read it again.

`lesson_log` has its format; `repository` publishes it together with weights.
"""

import logging
from datetime import datetime

from msgspec.structs import replace

from functions.cache import Cache
from functions.errors import ConflictError, CorruptDataError, NotFoundError
from functions.storage.damage import read_again_if_damaged
from functions.weights.lesson_log import LessonLog, LessonLogFiles, Outcome, has_read
from functions.weights.pointer import Found, Pointer, PointerFile
from functions.weights.versions import new_id

log = logging.getLogger("scrawl")


class KnownLogs:
    """One model's logs. Safe to share between threads."""

    def __init__(self, files: LessonLogFiles, pointer: PointerFile) -> None:
        self._files = files
        self._pointer = pointer
        self._known: Cache[str, LessonLog] = Cache(2)

    def outcome(self, shard: str, sequence: str) -> Outcome | None:
        """Return what became of a record; None while it has not been read.

        Raises:
            NotFoundError: when that is no longer known, or nothing has been published yet.
        """

        def look_up(pointer: Pointer, _: str) -> Outcome | None:
            return self.of(pointer).of(shard, sequence) if has_read(pointer.read, shard, sequence) else None

        return self._pointer.follow(look_up)

    def of(self, pointer: Pointer) -> LessonLog:
        """Return the log that a pointer, just read, names.

        If it is lost or damaged, how far the shards were read is still known: the pointer says so.

        Raises:
            ConflictError: when the pointer has been replaced since, and the log removed.
        """
        if pointer.log is None:
            return LessonLog()
        name = pointer.log
        try:
            return self._known.get(name, lambda: read_again_if_damaged(lambda: self._files.load(name)))
        except (NotFoundError, CorruptDataError) as error:
            if self._pointer.read()[0].log != name:
                raise ConflictError(f"the log of lessons {name} has been replaced since") from error
            log.error("log of lessons lost", extra={"log": name, "error": str(error)})
            return LessonLog(read=pointer.read)

    def write(self, name: str, new: LessonLog, pointer: Pointer) -> Pointer:
        """Write a log, and return the pointer that will name it."""
        self._files.write(name, new)
        self._known.put(name, new)
        return replace(pointer, read=new.read, log=name)

    def record(self, new: LessonLog, before: Found, moment: datetime) -> None:
        """Write a log and have the pointer name it; the weights stay as they are.

        Raises:
            ConflictError: when the pointer has been replaced since.
        """
        name = new_id(moment, max(before.pointer.version, before.pointer.log or ""))
        pointer = self.write(name, new, before.pointer)
        try:
            self._pointer.move(pointer, before.etag)
        except ConflictError:
            self.forget(pointer, before.pointer)
            raise
        self.forget(before.pointer, pointer)

    def forget(self, pointer: Pointer, instead: Pointer) -> None:
        """Remove a pointer's log, if another pointer does without it."""
        if pointer.log is not None and pointer.log != instead.log:
            self._files.remove_quietly(pointer.log)
            self._known.drop(pointer.log)
