"""A small cache of what was read last, shared by the threads of a process."""

import threading
from collections import OrderedDict
from collections.abc import Callable


class Cache[K, V]:
    """Keeps the `size` values that were asked for last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value kept for a key, or make and keep it. Two threads may make the same one at once."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep a value, and let go of the one unused for longest when there are too many."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)

    def drop(self, key: K) -> None:
        """Let go of a value, if it is kept."""
        with self._lock:
            self._values.pop(key, None)
