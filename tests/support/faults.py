"""A store that fails at one of its calls, in one of the ways in which S3, the network or the process can fail."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from functions.errors import ConflictError, UnavailableError
from functions.storage.memory import MemoryStore
from functions.storage.store import StoredObject


class KilledError(BaseException):
    """The process is gone; no `except Exception` comes to hear of it."""


def away(_: Callable[[], Any]) -> Any:
    """Time out or be told 503 SlowDown, and nothing has happened."""
    raise UnavailableError("the store failed: SlowDown")


def answer_lost(take_effect: Callable[[], Any]) -> Any:
    """Time out, though it has happened."""
    take_effect()
    raise UnavailableError("the store failed: timeout")


def conflict(_: Callable[[], Any]) -> Any:
    """Be told 409 or 412, and nothing has happened."""
    raise ConflictError("ConditionalRequestConflict")


def lost_against_itself(take_effect: Callable[[], Any]) -> Any:
    """Be told 412 by the second of two attempts, of which the first has happened."""
    take_effect()
    raise ConflictError("PreconditionFailed")


def truncated(take_effect: Callable[[], Any]) -> Any:
    """Get half of what is there."""
    whole = take_effect()
    return StoredObject(whole.body[: len(whole.body) // 2], whole.etag)


def killed(_: Callable[[], Any]) -> Any:
    """Die before it happens."""
    raise KilledError


def killed_after(take_effect: Callable[[], Any]) -> Any:
    """Die just after it has happened."""
    take_effect()
    raise KilledError


_ANY, _WRITES = ("get", "start", "put", "delete", "keys"), ("put", "delete")
# Which calls can fail in which way; where a call changes nothing, before and after are the same.
FAULTS: dict[Callable[..., Any], tuple[str, ...]] = {
    away: _ANY,
    answer_lost: _WRITES,
    conflict: ("put",),
    lost_against_itself: ("put",),
    truncated: ("get",),
    killed: _WRITES,
    killed_after: _WRITES,
}


def failing(calls: Sequence[str], fault: Callable[..., Any]) -> list[tuple[int, str]]:
    """Return the calls that can fail in this way, numbered: of those that only read, one in three outside CI."""
    found = [(number, call) for number, call in enumerate(calls) if call.split()[0] in FAULTS[fault]]
    reads = [one for one in found if one[1].split()[0] not in _WRITES]
    left_out = set() if os.environ.get("CI") else {*reads} - {*reads[::3]}
    return [one for one in found if one not in left_out]


class FaultyStore(MemoryStore):
    """A copy of a store whose call of a number fails, once, or from then on."""

    def __init__(self, source: MemoryStore) -> None:
        super().__init__(source)
        self.calls: list[str] = []
        self._fails_at: int | None = None
        self._for_good = False
        self._fault = away

    def arm(self, fails_at: int, fault: Callable[..., Any], *, for_good: bool = False) -> None:
        """Let that call from now on fail; the first is 0."""
        self.calls.clear()
        self._fails_at, self._fault, self._for_good = fails_at, fault, for_good

    def disarm(self) -> None:
        """Let no call fail."""
        self._fails_at = None

    def get(self, key: str) -> StoredObject:
        return self._call("get", key, lambda: super(FaultyStore, self).get(key))

    def start(self, key: str, length: int) -> bytes:
        return self._call("start", key, lambda: MemoryStore.get(self, key).body[:length])

    def put(self, key: str, body: bytes, **options: Any) -> str:
        return self._call("put", key, lambda: super(FaultyStore, self).put(key, body, **options))

    def delete(self, *keys: str) -> None:
        self._call("delete", " ".join(keys), lambda: super(FaultyStore, self).delete(*keys))

    def keys(self, prefix: str) -> list[str]:
        return self._call("keys", prefix, lambda: super(FaultyStore, self).keys(prefix))

    def _call[T](self, method: str, key: str, take_effect: Callable[[], T]) -> T:
        number = len(self.calls)
        self.calls.append(f"{method} {key}")
        if self._fails_at is not None and (number == self._fails_at or (self._for_good and number > self._fails_at)):
            result: T = self._fault(take_effect)
            return result
        return take_effect()
