"""Simulated time: a clock for processes that sleep, and the token bucket that limits rates in API Gateway and Lambda.

A process is a generator that yields how many seconds to sleep. Time passes only in the clock's queue.
"""

from collections.abc import Generator
from heapq import heappop, heappush
from itertools import count

type Process[Result] = Generator[float, None, Result]


class Clock:
    """Runs processes in the order of their times; those of the same time in the order in which they fell asleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[tuple[float, int, Process[object]]] = []
        self._number = count()

    def start(self, process: Process[object], after: float = 0.0) -> None:
        """Start a process, so many seconds from now."""
        heappush(self._queue, (self.now + after, next(self._number), process))

    def run(self, until: float) -> None:
        """Let time pass until then, or until nobody waits any more."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, process = heappop(self._queue)
            seconds = next(process, None)
            if seconds is not None:
                self.start(process, seconds)
        self.now = until


class TokenBucket:
    """Tokens that come back at a rate, up to a limit."""

    def __init__(self, rate: float, limit: float) -> None:
        self._rate, self._limit = rate, limit
        self._tokens, self._then = limit, 0.0

    def take(self, now: float) -> bool:
        """Take a token, if there is one."""
        self._tokens = min(self._limit, self._tokens + (now - self._then) * self._rate)
        self._then = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
