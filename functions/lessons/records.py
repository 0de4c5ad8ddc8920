"""The records of a stream, as a Lambda that consumes it is given them."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from functions.errors import FormatError

_SHARD = re.compile(r"shardId-0*(0|[1-9][0-9]{0,11})")
_SEQUENCE = re.compile(r"0|[1-9][0-9]{0,127}")


class Record(NamedTuple):
    """One record."""

    sequence: str
    data: bytes


def shard_number(shard_id: str) -> str:
    """Return the number in a shard's id, such as 3 of shardId-000000000003.

    Raises:
        FormatError: when it is no shard's id.
    """
    found = _SHARD.fullmatch(shard_id)
    if not found:
        raise FormatError(f"a shard is like shardId-000000000003, got {shard_id[:60]!r}")
    return found[1]


def shard_name(stream: str, number: str) -> str:
    """Return how logs name a shard; one of that number on a stream that took this one's place is another shard."""
    return f"{stream}/{number}"


def read_event(event: Mapping[str, Any]) -> dict[str, list[Record]]:
    """Return the records of a Lambda's event, in order, by their shards' names.

    Raises:
        FormatError: when it is not an event of Kinesis.
    """
    records: dict[str, list[Record]] = {}
    try:
        listed: Sequence[Mapping[str, Any]] = event["Records"]
        for each in listed:
            stream = str(each["eventSourceARN"]).rpartition("/")[2]
            shard_id, _, sequence = str(each["eventID"]).partition(":")
            if not _SEQUENCE.fullmatch(sequence):
                raise FormatError(f"a sequence number is digits, got {sequence[:60]!r}")
            shard = shard_name(stream, shard_number(shard_id))
            data = base64.b64decode(each["kinesis"]["data"], validate=True)
            records.setdefault(shard, []).append(Record(sequence, data))
    except (KeyError, TypeError, ValueError) as error:
        raise (
            error if isinstance(error, FormatError) else FormatError(f"not an event of Kinesis: {error!r}")
        ) from error
    return records
