"""The shared weights under many PATCHes: what the compare-and-swap of `current.json` lets through.

As functions/weights/repository.py does it: read the pointer and its version, take a step, write the new version, move
the pointer if it still is the one that was read; else look, clean up, wait and start again, twelve times at most.
Each PATCH has a Lambda of its own. Two other ways are simulated beside it: several pointers, whose weights somebody
averages now and then, and a stream whose one consumer takes many lessons at once.
"""

import math
import random
from collections import deque
from dataclasses import dataclass, field

from bench.simulation.assumptions import Assumptions
from bench.simulation.clock import Clock, Process, TokenBucket

_POLL = 0.02  # seconds after which the stream's consumer looks again when there was nothing


@dataclass
class SimulatedPointer:
    """`current.json`: who moved it, in order."""

    moves: list[tuple[int, int, float]] = field(default_factory=list)  # (parent, version, when)

    @property
    def current(self) -> int:
        """Return the current version; 0 is the first one."""
        return self.moves[-1][1] if self.moves else 0


@dataclass
class PatchOutcomes:
    """What came of the PATCHes: accepted ones as (version, seconds it took)."""

    accepted: list[tuple[int, float]] = field(default_factory=list)
    refused: int = 0  # 409 after the last attempt
    conflicts: int = 0
    started: int = 0
    throttled: int = 0  # 429 by API Gateway, before they started


class PatchSimulation:
    """One simulated run. The seed decides everything that is random."""

    def __init__(self, parameters: Assumptions, seed: int, pointers: int = 1) -> None:
        self.clock = Clock()
        self.outcomes = PatchOutcomes()
        self.pointers = [SimulatedPointer() for _ in range(pointers)]
        self._p = parameters
        self._random = random.Random(seed)
        self._queue: deque[float] = deque()

    def clients(self, number: int, seconds: float) -> PatchOutcomes:
        """Run clients that send their next PATCH as soon as the last one is answered."""
        for _ in range(number):
            self.clock.start(self._client(seconds))
        self.clock.run(math.inf)
        return self.outcomes

    def arrivals(self, per_second: float, seconds: float, gateway: TokenBucket | None = None) -> PatchOutcomes:
        """Run PATCHes that come at random times, whatever becomes of those before them; `gateway` limits them."""
        self.clock.start(self._arriving(per_second, seconds, queued=False, gateway=gateway))
        self.clock.run(math.inf)
        return self.outcomes

    def queued(self, per_second: float, seconds: float, batch: int) -> PatchOutcomes:
        """Run PATCHes that go through a stream, and its consumer, which takes up to `batch` of them at once."""
        self.clock.start(self._arriving(per_second, seconds, queued=True))
        self.clock.start(self._writer(batch, seconds))
        self.clock.run(math.inf)
        return self.outcomes

    def _client(self, until: float) -> Process[None]:
        cached = 0
        while self.clock.now < until:
            cached = yield from self._patch(cached)

    def _arriving(
        self, per_second: float, until: float, queued: bool, gateway: TokenBucket | None = None
    ) -> Process[None]:
        while self.clock.now < until:
            if queued:
                self.outcomes.started += 1
                self._queue.append(self.clock.now)
            elif gateway is None or gateway.take(self.clock.now):
                self.clock.start(self._alone())
            else:
                self.outcomes.throttled += 1
            yield self._random.expovariate(per_second)

    def _alone(self) -> Process[None]:
        yield from self._patch(-1)  # in a Lambda that has not seen the current version

    def _patch(self, cached: int) -> Process[int]:
        """One PATCH from its first attempt to its answer; returns the version that its Lambda has in memory then."""
        p, start = self._p, self.clock.now
        pointer = self._random.choice(self.pointers)
        self.outcomes.started += 1
        for attempt in range(p.attempts):
            yield self._about(p.get_s) / 2
            seen = pointer.current
            yield self._about(p.get_s) / 2
            if seen != cached:
                yield self._about(p.get_s)
                cached = seen
            yield p.lesson_s + self._about(p.put_s)
            if (version := (yield from self._move(pointer, seen))) is not None:
                self.outcomes.accepted.append((version, self.clock.now - start))
                return version
            self.outcomes.conflicts += 1
            # Was it moved by us after all? Then what lost is removed.
            yield self._about(p.get_s) + self._about(p.put_s)
            yield self._random.uniform(0, min(p.longest_pause_s, p.first_pause_s * 2**attempt))
        self.outcomes.refused += 1
        return cached

    def _writer(self, batch: int, until: float) -> Process[None]:
        p, (pointer,) = self._p, self.pointers
        while self._queue or self.clock.now < until:
            if not self._queue:
                yield _POLL
                continue
            if len(self._queue) < batch:
                yield p.window_s
            lessons = [self._queue.popleft() for _ in range(min(batch, len(self._queue)))]
            yield self._about(p.get_s)
            yield p.lesson_s + len(lessons) * p.step_s + self._about(p.put_s) + self._about(p.put_s)  # version, log
            version = yield from self._move(pointer, pointer.current)
            assert version is not None  # nobody else moves this pointer
            self.outcomes.accepted += [(version, self.clock.now - came) for came in lessons]

    def _move(self, pointer: SimulatedPointer, expected: int) -> Process[int | None]:
        """Write the pointer; S3 compares half-way. Returns the new version, or None when it lost."""
        yield self._about(self._p.put_s) / 2
        version: int | None = None
        if pointer.current == expected:
            version = expected + 1
            pointer.moves.append((expected, version, self.clock.now))
        yield self._about(self._p.put_s) / 2
        return version

    def _about(self, median: float) -> float:
        return median * math.exp(self._p.jitter * self._random.gauss(0, 1)) if self._p.jitter else median
