"""Reads JSON and MessagePack into msgspec's structs, from any number of threads.

msgspec looks at a struct's fields when it first decodes one. Two threads that do so at the same moment end the
process with a segmentation fault (0.22.0), so here one of them looks and the others wait.
"""

import threading
from typing import Any

import msgspec

_known: dict[Any, msgspec.json.Decoder[Any]] = {}
_looking = threading.Lock()


def decode[T](content: bytes | str, kind: type[T]) -> T:
    """Return what JSON says, as one of that kind; raise msgspec.DecodeError where it is none."""
    decoded: T = _decoder(kind).decode(content)
    return decoded


def unpack[T](content: bytes, kind: type[T]) -> T:
    """Return what MessagePack says, as one of that kind; raise msgspec.DecodeError where it is none."""
    _decoder(kind)
    return msgspec.msgpack.decode(content, type=kind)


def convert[T](value: object, kind: type[T], strict: bool = True, from_attributes: bool = False) -> T:
    """Return a value as one of that kind; raise msgspec.ValidationError where it is none."""
    _decoder(kind)
    return msgspec.convert(value, kind, strict=strict, from_attributes=from_attributes)


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    found = _known.get(kind)
    if found is None:
        with _looking:
            found = _known.setdefault(kind, msgspec.json.Decoder(kind))
    return found
