"""Predictions that start suddenly, at some rate: what API Gateway and Lambda let through, and how fast.

API Gateway's limit and Lambda's are token buckets. An idle Lambda takes a request, the one used last first; else a
new one is created, if the limits allow it. Each Lambda reads the pointer again after a second, and the version when
it has changed.
"""

import math
import random
from dataclasses import dataclass, field
from heapq import heappop, heappush

from bench.simulation.assumptions import Assumptions
from bench.simulation.clock import TokenBucket


@dataclass
class _Lambda:
    fresh_until: float
    version: int


@dataclass
class PredictionOutcomes:
    """What came of the requests."""

    offered: int = 0
    gateway_refused: int = 0
    lambda_refused: int = 0
    cold: int = 0
    reads: list[float] = field(default_factory=list)  # when the weights' prefix was read from
    latencies: list[float] = field(default_factory=list)
    most_busy: int = 0  # Lambdas at a time

    def busiest_second(self) -> int:
        """Return how many reads of the prefix the busiest second had."""
        seconds: dict[int, int] = {}
        for moment in self.reads:
            seconds[int(moment)] = seconds.get(int(moment), 0) + 1
        return max(seconds.values(), default=0)


class PredictionSimulation:
    """The deployed API, at first without a single Lambda. The seed decides everything that is random."""

    def __init__(self, parameters: Assumptions, seed: int, changes_per_second: float = 0.0) -> None:
        """`changes_per_second`: how often the shared weights change."""
        p = parameters
        self._p = p
        self._random = random.Random(seed)
        self._changes = changes_per_second
        self._gateway = TokenBucket(p.gateway_rate, p.gateway_burst)
        per_second = p.requests_per_lambda * p.concurrency
        self._invocations = TokenBucket(per_second, per_second)
        self._creation = TokenBucket(p.new_lambdas_per_s, 10 * p.new_lambdas_per_s)
        self._idle: list[_Lambda] = []
        self._busy: list[tuple[float, int, _Lambda]] = []
        self.answers = PredictionOutcomes()

    def run(self, per_second: float, start: float, end: float) -> PredictionOutcomes:
        """Send requests at random times between two moments, and return what came of them."""
        self.answers = PredictionOutcomes()
        now = start
        while (now := now + self._random.expovariate(per_second)) < end:
            self._request(now)
        return self.answers

    def _request(self, now: float) -> None:
        answers = self.answers
        answers.offered += 1
        if not self._gateway.take(now):
            answers.gateway_refused += 1
            return
        while self._busy and self._busy[0][0] <= now:
            self._idle.append(heappop(self._busy)[2])
        chosen, start = self._lambda(now)
        if chosen is None:
            answers.lambda_refused += 1
            return
        end = start + self._work(chosen, start)
        answers.latencies.append(end - now)
        heappush(self._busy, (end, answers.offered, chosen))
        answers.most_busy = max(answers.most_busy, len(self._busy))

    def _lambda(self, now: float) -> tuple[_Lambda | None, float]:
        """Return a Lambda and when it can start; None when no other is allowed."""
        if not self._invocations.take(now):
            return None, now
        if self._idle:
            return self._idle.pop(), now
        if len(self._busy) >= self._p.concurrency or not self._creation.take(now):
            return None, now
        self.answers.cold += 1
        start = now + self._p.import_s + sum(self._about(self._p.get_s) for _ in range(self._p.cold_reads))
        self.answers.reads += [start, start]  # of those, two are of the prefix: the pointer and its version
        return _Lambda(start + self._p.serve_for_s, self._version(start)), start

    def _work(self, chosen: _Lambda, start: float) -> float:
        """Return how long a Lambda takes for a request."""
        p = self._p
        taken = p.lambda_s + p.handler_s
        if start >= chosen.fresh_until:
            taken += self._read(start)
            if chosen.version != (current := self._version(start)):
                taken += self._read(start)
                chosen.version = current
            chosen.fresh_until = start + taken + p.serve_for_s
        return taken

    def _read(self, moment: float) -> float:
        self.answers.reads.append(moment)
        return self._about(self._p.get_s)

    def _version(self, moment: float) -> int:
        return int(moment * self._changes)

    def _about(self, median: float) -> float:
        return median * math.exp(self._p.jitter * self._random.gauss(0, 1)) if self._p.jitter else median
