"""A store whose process dies at a call now and then, before the call takes effect or just after.

Unlike `faults.FaultyStore` it stands before any other store, and chance says which call it is.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from functions.storage.store import Store, StoredObject
from tests.support.faults import KilledError


class MortalStore:
    """Passes every call on, unless the process dies over it."""

    def __init__(self, store: Store, chance: random.Random, dies: float, deaths: Counter[str]) -> None:
        """`dies` is the chance of each call to be the last one of its process; `deaths` counts them by call."""
        self._store, self._chance, self._dies, self._deaths = store, chance, dies, deaths

    def get(self, key: str) -> StoredObject:
        return self._call("get", key, lambda: self._store.get(key))

    def start(self, key: str, length: int) -> bytes:
        return self._call("start", key, lambda: self._store.start(key, length))

    def put(self, key: str, body: bytes, **options: Any) -> str:
        return self._call("put", key, lambda: self._store.put(key, body, **options))

    def delete(self, *keys: str) -> None:
        self._call("delete", keys[0] if keys else "", lambda: self._store.delete(*keys))

    def keys(self, prefix: str) -> list[str]:
        return self._call("keys", prefix, lambda: self._store.keys(prefix))

    def _call[T](self, method: str, key: str, take_effect: Callable[[], T]) -> T:
        self._die(f"{method} {_kind(key)}, before")
        result = take_effect()
        self._die(f"{method} {_kind(key)}, after")
        return result

    def _die(self, where: str) -> None:
        if self._chance.random() < self._dies / 2:
            self._deaths[where] += 1
            raise KilledError


def _kind(key: str) -> str:
    name = key.rsplit("/", 1)[-1]
    return name if name == "current.json" else f"*.{name.rsplit('.', 1)[-1]}" if "." in name else key
