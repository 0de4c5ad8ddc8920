"""A small cache of what was used last, shared by the threads of a process.

Its place could be taken by cachetools, which costs a cold start 2.6 ms, and leaves the lock to its users.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable


class Cache[K, V]:
    """Holds the `size` values that were used last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value for a key; make it if there is none. Two threads may make the same one at once."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        self.put(key, value)
        return value

    def find(self, key: K) -> V | None:
        """Return the value for a key; None if there is none."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Add a value, and drop the least recently used one if there are too many."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)

    def drop(self, key: K) -> None:
        """Remove the value for a key, if there is one."""
        with self._lock:
            self._values.pop(key, None)
