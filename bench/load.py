"""The local stack under sustained load: requests per second, p50 and p99 of each kind, errors, and memory over time.

Several clients keep one connection each and send their next request as soon as the last is answered, of kinds drawn
at random in the proportions below; PATCHes among them, so that weights change and old versions are pruned. The stack
is a process of its own, but it shares the machine with the clients, which are threads of this process. Run:
`python -m bench.load --seconds 600`; `make bench` runs one minute. Written to build/bench/load.json, too.
"""

import dataclasses
import http.client
import json
import os
import random
import tempfile
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import click

from bench.capacity import percentile, table
from infra.paths import BUILD
from tests.support.servers.running_stack import RunningStack

OUT = BUILD / "bench" / "load.json"
PERIODS = 10  # parts of the time whose rates and memory are told apart
JSON = {"Content-Type": "application/json", "Accept": "application/json"}
BINARY = {"Content-Type": "application/json", "Accept": "application/octet-stream"}
IMAGE = [0.5] * 784
type Request = tuple[str, str, str | None, dict[str, str]]
MIX: dict[str, tuple[int, Request]] = {  # how many of a hundred
    "POST /predict": (70, ("POST", "/api/predict", json.dumps({"tensor": IMAGE}), JSON)),
    "POST /datablock, 128, binary": (10, ("POST", "/api/datablock", '{"block":128}', BINARY)),
    "GET /datablock/train/0": (5, ("GET", "/api/datablock/train/0", None, {"Accept-Encoding": "gzip"})),
    "GET /weights, int8": (5, ("GET", "/api/weights?precision=int8", None, {})),
    "the page": (8, ("GET", "/", None, {"Accept-Encoding": "br"})),
    "PATCH /weights": (2, ("PATCH", "/api/weights", json.dumps({"data": [{"target": 3, "image": IMAGE}]}), JSON)),
}


@dataclasses.dataclass
class Measurements:
    """What the clients saw."""

    milliseconds: dict[str, list[float]] = dataclasses.field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = dataclasses.field(default_factory=Counter)
    answered: list[int] = dataclasses.field(default_factory=lambda: [0] * PERIODS)
    memory_mb: list[float] = dataclasses.field(default_factory=list)  # of the stack, at the end of each period


class Load:
    """Clients at work for so many seconds."""

    def __init__(self, url: str, seconds: float) -> None:
        self.seen = Measurements()
        self._place = urlsplit(url).netloc
        self._start = time.monotonic()
        self._seconds = seconds
        self._lock = threading.Lock()

    def run(self, clients: int, process: int) -> Measurements:
        """Send requests until the time is over, and watch the memory of the process meanwhile."""
        threads = [threading.Thread(target=self._client, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for period in range(PERIODS):
            end = self._start + self._seconds * (period + 1) / PERIODS
            time.sleep(max(0.0, end - time.monotonic()))
            self.seen.memory_mb.append(resident_mb(process))
        for thread in threads:
            thread.join()
        return self.seen

    def _client(self, seed: int) -> None:
        chance = random.Random(seed)
        connection = http.client.HTTPConnection(self._place, timeout=60)
        shares = [share for share, _ in MIX.values()]
        while (past := time.monotonic() - self._start) < self._seconds:
            (kind,) = chance.choices([*MIX], shares)
            start = time.perf_counter()
            trouble = _ask(connection, MIX[kind][1])
            taken = 1000 * (time.perf_counter() - start)
            with self._lock:
                self.seen.milliseconds[kind].append(taken)
                self.seen.answered[int(past / self._seconds * PERIODS)] += 1
                if trouble is not None:
                    self.seen.errors[f"{kind}: {trouble}"] += 1
        connection.close()


def _ask(connection: http.client.HTTPConnection, request: Request) -> str | None:
    """Send a request and read its answer; return what was wrong with it, if anything."""
    method, path, body, headers = request
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()  # the next request opens another
        return type(error).__name__
    return str(answer.status) if answer.status >= 400 else None


def resident_mb(process: int) -> float:
    """Return the resident memory of a process; NaN where there is no /proc."""
    try:
        status = Path(f"/proc/{process}/status").read_text("utf-8")
    except OSError:
        return float("nan")
    return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)


def report(seen: Measurements, seconds: float) -> str:
    """Return what was seen, as tables."""
    rows: list[list[object]] = []
    for kind in MIX:
        times = seen.milliseconds[kind]
        rows.append([kind, len(times), *(f"{percentile(times, part):.1f} ms" for part in (0.5, 0.99, 1.0))])
    periods = [
        [f"{seconds * (n + 1) / PERIODS:.0f} s", round(seen.answered[n] * PERIODS / seconds), seen.memory_mb[n]]
        for n in range(PERIODS)
    ]
    errors = ", ".join(f"{count} × {what}" for what, count in seen.errors.items()) or "none"
    total = sum(seen.answered)
    return "\n\n".join(
        [
            f"{total} requests in {seconds:.0f} s: {total / seconds:.0f} per second. Errors: {errors}",
            table(("kind", "requests", "p50", "p99", "longest"), rows),
            table(("until", "requests per second", "memory of the stack, MB"), periods),
        ]
    )


@click.command()
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(min=1), help="How long.")
@click.option("--clients", default=8, show_default=True, type=click.IntRange(min=1), help="How many at once.")
def main(seconds: float, clients: int) -> None:
    """Measure, print and write."""
    with tempfile.TemporaryDirectory() as folder:
        stack = RunningStack(Path(folder), LOG_LEVEL="ERROR")
        try:
            seen = Load(stack.url, seconds).run(clients, stack.process.pid)
        finally:
            stack.stop()
    load = os.getloadavg()[0]
    print(f"{report(seen, seconds)}\n\n{clients} clients; load average of the machine at the end: {load:.1f}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    figures = {"seconds": seconds, "clients": clients, "load_average": load}
    OUT.write_text(
        json.dumps(figures | dataclasses.asdict(seen) | {"milliseconds": _shortened(seen)}, indent=2) + "\n"
    )


def _shortened(seen: Measurements) -> dict[str, dict[str, float]]:
    """Return for each kind how many there were, and percentiles of their times."""
    parts = {"p50": 0.5, "p99": 0.99, "longest": 1.0}
    return {
        kind: {"count": len(times)} | {name: percentile(times, part) for name, part in parts.items()}
        for kind, times in seen.milliseconds.items()
    }


if __name__ == "__main__":
    main()
