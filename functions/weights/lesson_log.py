"""What a model has made of the lessons on a stream: how far each shard was read, and the latest lessons' outcomes.

It is a file of its own, written before the pointer that names it moves: the pointer, which every prediction's process
reads each second, stays small, and a crash between the two writes leaves the old log current. `functions.lessons`
fills it.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from functions import structs
from functions.errors import CorruptDataError, NotFoundError, UnavailableError
from functions.storage.damage import damage_named
from functions.storage.store import Store
from functions.weights.versions import ID, Change

MOST_LESSONS = 5000  # whose keys and outcomes are known
NEW = ""  # the version of lessons that the version about to be written has
MOST_DIGITS = 128  # of a sequence number
UNKNOWN = "it is none of those that were learned: it could not be read and was set aside, or it was never handed in"
MOST_SHARDS = 64  # that were read last: a stream that was replaced has left its own behind
_SUFFIX = ".lessons"
_LARGEST = 16 * 1024 * 1024  # bytes of a log, unpacked

type Positions = Mapping[str, str]  # shard → sequence number of the last record that was read


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of a record: a lesson was learned, or refused and why."""

    shard: str
    sequence: str
    key: bytes  # what makes a lesson sent twice the same lesson
    version: str | None = None  # that first has it
    loss: float | None = None  # of its digits, before the step
    accuracy: float | None = None
    refused: str | None = None
    weight: float | None = None  # with which an update counts


class LessonLog(msgspec.Struct, frozen=True, array_like=True):
    """How far shards were read, and the outcomes of the latest lessons, oldest first."""

    read: dict[str, str] = {}
    outcomes: tuple[Outcome, ...] = ()

    def of(self, shard: str, sequence: str) -> Outcome:
        """Return what became of a record that has been read, or would have been, had it been there.

        Raises:
            NotFoundError: when that is no longer known.
        """
        for outcome in reversed(self.outcomes):
            if outcome.shard == shard and outcome.sequence == sequence:
                return outcome
        oldest = next((int(one.sequence) for one in self.outcomes if one.shard == shard), None)
        if len(self.outcomes) < MOST_LESSONS or (oldest is not None and int(sequence) > oldest):
            return Outcome(shard, sequence, b"", refused=UNKNOWN)
        raise NotFoundError(f"{MOST_LESSONS:,} lessons have come since: what became of this one is no longer known")

    def followed_by(self, outcomes: Sequence[Outcome], shard: str, sequence: str) -> "LessonLog":
        """Return the log after a shard has been read up to a sequence number."""
        others = [(name, place) for name, place in self.read.items() if name != shard]
        read = dict([*others[1 - MOST_SHARDS :], (shard, sequence)])
        return LessonLog(read, (*self.outcomes, *outcomes)[-MOST_LESSONS:])

    def naming(self, version: str) -> "LessonLog":
        """Return the log with this version where lessons were learned by the version that is about to be written."""
        named = [
            msgspec.structs.replace(one, version=version) if one.version == NEW else one for one in self.outcomes
        ]
        return LessonLog(self.read, tuple(named))


class Learned(NamedTuple):
    """What lessons come to: new weights, None where no lesson has changed them; and the log that has the lessons."""

    change: Change | None
    log: LessonLog


def has_read(read: Positions, shard: str, sequence: str) -> bool:
    """Return whether a record has been read."""
    return int(sequence) <= int(read.get(shard, "-1"))


class LessonLogFiles:
    """One model's logs in a store. Logs sort by their names, which are as versions' ids."""

    def __init__(self, store: Store, model: str) -> None:
        self._store = store
        self._prefix = f"weights/{model}/"

    def load(self, name: str) -> LessonLog:
        """Return a log.

        Raises:
            NotFoundError: when it is not there any more.
            CorruptDataError: when it is damaged.
        """
        key = self._key(name)
        with damage_named(key):
            return decode(self._store.get(key).body)

    def newest(self) -> tuple[str, LessonLog] | None:
        """Return the newest log that can be read, and its name; None if there is none."""
        for name in reversed(self.names()):
            with suppress(NotFoundError, CorruptDataError):
                return name, self.load(name)
        return None

    def write(self, name: str, log: LessonLog) -> None:
        """Write a log, to which nothing refers yet."""
        self._store.put(self._key(name), encode(log), if_absent=True)

    def names(self) -> list[str]:
        """Return the names of all logs, oldest first."""
        keys = [key.removeprefix(self._prefix) for key in self._store.keys(self._prefix) if key.endswith(_SUFFIX)]
        return [name for key in keys if ID.fullmatch(name := key.removesuffix(_SUFFIX))]

    def remove_quietly(self, *names: str) -> None:
        """Remove logs that nothing refers to; what cannot be removed now, pruning will."""
        with suppress(UnavailableError):
            self._store.delete(*(self._key(name) for name in names))

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}{_SUFFIX}"


def encode(log: LessonLog) -> bytes:
    """Return a log's bytes."""
    return zlib.compress(msgspec.msgpack.encode(log), 1)


def decode(data: bytes) -> LessonLog:
    """Read a log.

    Raises:
        ValueError: when it is none.
    """
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(data, _LARGEST)
        if not unpacking.eof:
            raise ValueError("its end is missing")
        log = structs.unpack(content, LessonLog)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    check(log.read.values())
    check(one.sequence for one in log.outcomes)
    return log


def check(sequences: Iterable[str]) -> None:
    """Check that positions are sequence numbers, which grow from record to record.

    Raises:
        ValueError: naming one that is not.
    """
    for sequence in sequences:
        if not (sequence.isascii() and sequence.isdecimal() and len(sequence) <= MOST_DIGITS):
            raise ValueError(f"{sequence[:40]!r} is no sequence number")
