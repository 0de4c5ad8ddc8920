"""The stream on Kinesis: one call of its client, whose errors become those of `functions.errors`."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.errors import BusyError, UnavailableError
from functions.lessons.lesson import LessonId
from functions.lessons.records import shard_number

_BUSY = {"ProvisionedThroughputExceededException", "ThrottlingException", "LimitExceededException"}


class KinesisStream:
    """A stream by its name. Safe to share between threads, as its client is."""

    def __init__(self, name: str, client: Callable[[], Any]) -> None:
        """`client` makes one of Kinesis', at the first lesson."""
        self.name = name
        self._make = client

    def put(self, record: bytes, partition: str) -> LessonId:
        """Append a record; see `LessonStream.put`."""
        try:
            answer = self._client.put_record(StreamName=self.name, Data=record, PartitionKey=partition)
        except (ClientError, BotoCoreError) as error:
            code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else ""
            if code in _BUSY:
                raise BusyError("more lessons come at the moment than the stream takes: try again") from error
            raise UnavailableError(f"the stream of lessons failed: {error}") from error
        return LessonId(shard_number(answer["ShardId"]), answer["SequenceNumber"])

    @cached_property
    def _client(self) -> Any:
        return self._make()
