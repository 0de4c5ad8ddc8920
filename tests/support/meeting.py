"""A store that tells whether objects are read at the same time."""

import threading
from fnmatch import fnmatch

from functions.storage.memory import MemoryStore
from functions.storage.store import StoredObject


class MeetingStore(MemoryStore):
    """Hands out the objects whose keys match a pattern once so many are asked for, and breaks when nobody comes."""

    def __init__(self, pattern: str, readers: int) -> None:
        super().__init__()
        self._pattern = pattern
        self.meeting = threading.Barrier(readers, timeout=10)

    def get(self, key: str) -> StoredObject:
        """Return an object."""
        if fnmatch(key, self._pattern):
            self.meeting.wait()
        return super().get(key)
