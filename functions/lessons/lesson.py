"""A lesson or an update as a record of the stream, and the id by which its sender asks what became of it.

The stream itself is AWS's; `kinesis` puts records onto it, and `records` reads those that a Lambda is given.
"""

import hashlib
import re
import secrets
from typing import NamedTuple

import msgspec
import numpy as np

from functions import structs
from functions.dataset import block
from functions.dataset.block import Block
from functions.dataset.shards import Digits
from functions.errors import FormatError, NotFoundError
from functions.models.manifest import MODEL_NAME
from functions.weights.contributions import Contribution

LARGEST_IN_STREAM = 200_000  # bytes of a block; a larger one is in the store
_KEY_BYTES = 16
_ROOM = re.compile(r"([0-9a-f]{32})?")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_ID = re.compile(r"(0|[1-9][0-9]{0,11})-(0|[1-9][0-9]{0,127})")


class Lesson(msgspec.Struct, frozen=True):
    """The labelled digits of one PATCH and its learning rate, or an update; `key` tells it from all others."""

    model: str
    key: bytes
    learning_rate: float
    block: bytes | None  # or an update's safetensors; None: it is in the store, at `object_key`
    contribution: Contribution | None = None  # of an update
    room: str = ""  # whose weights learn it; empty: the shared ones

    @property
    def object_key(self) -> str:
        """Where the body is if it is too large for the stream: a room's goes with the room."""
        return object_key(self.model, self.key, self.room)


class LessonId(NamedTuple):
    """Where a lesson is on its stream."""

    shard: str  # a number
    sequence: str  # a number, too large for most programs

    def __str__(self) -> str:
        return f"{self.shard}-{self.sequence}"


def parse_id(text: str) -> LessonId:
    """Read an id.

    Raises:
        NotFoundError: when it is none.
    """
    found = _ID.fullmatch(text)
    if not found:
        raise NotFoundError(f"there is no lesson {text[:40]!r}; ids are like 0-49590338271490256608559692538361571")
    return LessonId(found[1], found[2])


def key_of(idempotency_key: str | None) -> bytes:
    """Return what an Idempotency-Key makes of a lesson: two with the same one are the same. A random one for None.

    It may stand in quotes, as the header's draft has it.

    Raises:
        FormatError: when it is too long, or has other than visible ASCII characters.
    """
    if idempotency_key is None:
        return secrets.token_bytes(_KEY_BYTES)
    said = idempotency_key.strip()
    key = said[1:-1] if len(said) > 1 and said[0] == said[-1] == '"' else said
    if not _KEY.fullmatch(key):
        raise FormatError(f"an Idempotency-Key is 1 to 128 visible ASCII characters, got {len(key)}: {key[:40]!r}")
    return hashlib.blake2b(key.encode(), digest_size=_KEY_BYTES).digest()


def update_key(idempotency_key: str) -> bytes:
    """Return what an Idempotency-Key makes of an update; the same key of a lesson is another one."""
    return key_of(f"update:{idempotency_key}" if idempotency_key else None)


def object_key(model: str, key: bytes, room: str = "") -> str:
    """Return where the body of a large lesson is in the store."""
    return f"{f'rooms/{room}/' if room else ''}lessons/{model}/{key.hex()}.bin"


def as_block(digits: Digits) -> bytes:
    """Return digits as the bytes of a block, whose pixels have 256 values."""
    pixels = np.rint(digits.images * np.float32(255)).astype(np.uint8)
    return block.encode(Block(digits.labels.astype(np.uint8), pixels))


def encode(lesson: Lesson) -> bytes:
    """Return the record of a lesson."""
    return msgspec.msgpack.encode(lesson)


def decode(record: bytes) -> Lesson:
    """Read the record of a lesson.

    Raises:
        FormatError: when it is none.
    """
    try:
        lesson = structs.unpack(record, Lesson)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"this is no lesson: {error}") from error
    if not MODEL_NAME.fullmatch(lesson.model):
        raise FormatError(f"{lesson.model[:40]!r} is no name of a model")
    if len(lesson.key) != _KEY_BYTES:
        raise FormatError(f"a lesson's key has {_KEY_BYTES} bytes, got {len(lesson.key)}")
    if not _ROOM.fullmatch(lesson.room):
        raise FormatError(f"{lesson.room[:40]!r} is no name of a room")
    return lesson
