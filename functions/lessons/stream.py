"""The interface of the stream that lessons go through. `kinesis` implements it."""

from typing import Protocol

from functions.lessons.lesson import LessonId


class LessonStream(Protocol):
    """Records in order, on one or several shards, each delivered at least once."""

    name: str

    def put(self, record: bytes, partition: str) -> LessonId:
        """Append a record, after all others of its partition, and return where it is.

        Raises:
            BusyError: when more come at the moment than it takes.
            UnavailableError: when it cannot be reached.
        """
        ...
