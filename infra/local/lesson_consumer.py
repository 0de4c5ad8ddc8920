"""Reads a stream as Lambda does and gives its records to a function: in order; again, and in halves, if it fails.

The local stack learns lessons with it, as do tests and benchmarks; on AWS, the stack's event source mapping is in its
place.
"""

import base64
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

type Event = dict[str, Any]
type KinesisRecord = dict[str, Any]  # as GetRecords returns it

_PAUSE = 0.2  # seconds between two looks at an empty stream
_TRIES = 5  # of a single record, before it is set aside

log = logging.getLogger("scrawl")


class LessonConsumer:
    """Consumes all shards of one stream, in one thread."""

    def __init__(
        self,
        kinesis: Any,
        stream: str,
        learn: Callable[[Event], object],
        *,
        after: str | None = None,
        most: int = 500,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """`learn` is given events as Lambda makes them, of `most` records at most; `after` is where to start."""
        self._kinesis = kinesis
        self._stream = stream
        self._learn = learn
        self._most = most
        self._sleep = sleep
        self._arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
        start = {"ShardIteratorType": "TRIM_HORIZON"}
        if after is not None:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        self._places: dict[str, str] = {
            shard["ShardId"]: kinesis.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"], **start)[
                "ShardIterator"
            ]
            for shard in kinesis.list_shards(StreamName=stream)["Shards"]
        }
        self._end = threading.Event()
        self.last = after  # the sequence number of the last record that was delivered

    def run(self) -> None:
        """Consume until told to stop, and then what there still is."""
        while not self._end.is_set():
            if not self.poll():
                self._end.wait(_PAUSE)
        while self.poll():
            pass

    def stop(self) -> None:
        """Have `run` end once everything is learned."""
        self._end.set()

    def poll(self) -> int:
        """Read each shard once and deliver what is new; return how many records that was."""
        count = 0
        for shard, place in list(self._places.items()):
            answer = self._kinesis.get_records(ShardIterator=place, Limit=self._most)
            records = answer["Records"]
            if records:
                self._deliver(shard, records)
                self.last = records[-1]["SequenceNumber"]
            self._places[shard] = answer["NextShardIterator"]
            count += len(records)
        return count

    def _deliver(self, shard: str, records: Sequence[KinesisRecord], tries: int = _TRIES) -> None:
        try:
            self._learn(self._event(shard, records))
        except Exception as error:
            log.warning("lessons tried again", extra={"shard": shard, "records": len(records), "error": str(error)})
            self._sleep(_PAUSE)
            if len(records) > 1:
                half = len(records) // 2
                self._deliver(shard, records[:half])
                self._deliver(shard, records[half:])
            elif tries > 1:
                self._deliver(shard, records, tries - 1)
            else:
                log.exception("lesson set aside", extra={"shard": shard, "sequence": records[0]["SequenceNumber"]})

    def _event(self, shard: str, records: Sequence[KinesisRecord]) -> Event:
        return {
            "Records": [
                {
                    "eventSource": "aws:kinesis",
                    "eventSourceARN": self._arn,
                    "eventID": f"{shard}:{record['SequenceNumber']}",
                    "kinesis": {
                        "partitionKey": record["PartitionKey"],
                        "sequenceNumber": record["SequenceNumber"],
                        "data": base64.b64encode(record["Data"]).decode(),
                    },
                }
                for record in records
            ]
        }
