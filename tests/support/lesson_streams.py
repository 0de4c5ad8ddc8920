"""A stream of lessons in memory, and the events in which a Lambda would be given its records."""

import base64
import threading
from collections.abc import Sequence
from typing import Any

from functions.lessons.lesson import LessonId
from functions.lessons.records import Record, shard_name
from functions.service import Service
from functions.settings import Settings
from functions.storage.store import Store
from tests.support.launchers import IdleLauncher

NAME = "scrawl-test"
SHARD = shard_name(NAME, "0")


class MemoryStream:
    """One shard. Safe to share between threads."""

    name = NAME

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._lock = threading.Lock()

    def put(self, record: bytes, partition: str) -> LessonId:  # noqa: ARG002 — there is one shard
        """Append a record."""
        with self._lock:
            sequence = str(10**55 + len(self.records))
            self.records.append(Record(sequence, record))
        return LessonId("0", sequence)


def process(store: Store, stream: MemoryStream | None = None) -> Service:
    """Return a process of its own, which has read nothing yet."""
    return Service(Settings("b", keep_versions=200), store, IdleLauncher(), stream=stream)


def event(records: Sequence[Record], stream: str = NAME, shard: str = "shardId-000000000000") -> dict[str, Any]:
    """Return the event in which Lambda gives a function records."""
    return {
        "Records": [
            {
                "eventSource": "aws:kinesis",
                "eventSourceARN": f"arn:aws:kinesis:us-east-1:123456789012:stream/{stream}",
                "eventID": f"{shard}:{record.sequence}",
                "kinesis": {"sequenceNumber": record.sequence, "data": base64.b64encode(record.data).decode()},
            }
            for record in records
        ]
    }
