"""How many requests a second the local stack answers on one kept-alive connection; and how soon it is up.

The client is http.client in this process, the stack a process of its own: `python -m bench.local_server`. Figures are
medians of rounds, printed and written to build/bench/local_server.json.
"""

import http.client
import json
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from infra.paths import BUILD
from tests.support.servers.running_stack import RunningStack

ROUNDS, SECONDS = 5, 1.0
type Request = tuple[str, str, str | None, dict[str, str]]  # method, path, body, headers
JSON = {"Content-Type": "application/json", "Accept": "application/json"}
BINARY = {"Content-Type": "application/json", "Accept": "application/octet-stream"}
REQUESTS: dict[str, Request] = {
    "page": ("GET", "/", None, {"Accept-Encoding": "br"}),
    "page, not modified": ("GET", "/", None, {}),  # the ETag is added below
    "API, CORS preflight": ("OPTIONS", "/api/weights", None, {}),
    "API, predict a tensor": ("POST", "/api/predict", json.dumps({"tensor": [0.5] * 784}), JSON),
    "API, block of 128, binary": ("POST", "/api/datablock", '{"block":128}', BINARY),
    "API, block of 128, JSON": ("POST", "/api/datablock", '{"block":128}', JSON),
    "API, one shard": ("GET", "/api/datablock/train/0", None, {"Accept-Encoding": "gzip"}),
}


def requests_per_second(connection: http.client.HTTPConnection, request: Request) -> float:
    """Return the median rate of several rounds of the same request."""
    rates = []
    for _ in range(ROUNDS):
        count, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < SECONDS:
            connection.request(*request)
            answer = connection.getresponse()
            answer.read()
            assert answer.status < 400, f"{request[:2]}: {answer.status}"
            count += 1
        rates.append(count / elapsed)
    return statistics.median(rates)


def measure_starts(stack: RunningStack) -> float:
    """Return the median time from the command to its URL, with everything built and stored before."""
    times = []
    for _ in range(3):
        stack.stop()
        start = time.perf_counter()
        stack.start()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Measure, print and write."""
    with tempfile.TemporaryDirectory() as folder:
        stack = RunningStack(Path(folder), LOG_LEVEL="ERROR")
        figures: dict[str, float] = {"second start, seconds": round(measure_starts(stack), 2)}
        connection = http.client.HTTPConnection(urlsplit(stack.url).netloc)
        connection.request("GET", "/")
        etag = connection.getresponse().getheader("ETag") or ""
        connection.close()
        REQUESTS["page, not modified"][3]["If-None-Match"] = etag
        for name, request in REQUESTS.items():
            figures[f"{name}, requests/s"] = round(requests_per_second(connection, request))
        stack.stop()
    for name, figure in figures.items():
        print(f"{name:40} {figure:>8}")
    out = BUILD / "bench" / "local_server.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
