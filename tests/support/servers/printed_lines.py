"""The lines that a process prints, which tests wait for instead of looking again and again."""

import threading
from collections.abc import Callable, Iterable

PATIENCE = 60  # seconds; generous: other work may share the machine


class PrintedLines(list[str]):
    """Lines so far. A thread of its own reads them; any other may wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self._more = threading.Condition()

    def read(self, stream: Iterable[str]) -> None:
        """Take lines until there are no more."""
        for line in stream:
            with self._more:
                self.append(line)
                self._more.notify_all()

    def wait_for(self, fits: Callable[[str], bool]) -> str:
        """Return the first line that fits, which may be printed a moment after an answer."""
        with self._more:
            found = self._more.wait_for(lambda: next(filter(fits, self), None), PATIENCE)
        assert found is not None, f"no such line; the last ones are {self[-5:]}"
        return found
