"""How fast shared weights change and are looked back on: PATCHes a second, and the history of hundreds of versions.

The API is called as Lambda calls it; the S3 is the local one, over HTTP and on disk, so Amazon's own latency is not
in the figures. Printed, and written to build/bench/. Run: `python -m bench.weights` (MNIST_DIR is used where set).
"""

import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

os.environ |= {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "LOG_LEVEL": "ERROR",
}

from bench.handlers import OCTETS, event, median_ms, small_dataset
from functions import aws, wiring
from functions.app import app
from functions.dataset import block
from functions.jobs.launchers import ThreadLauncher
from functions.service import Service
from functions.settings import Settings
from functions.storage import s3
from infra.dataset.seeding import seed
from infra.local.s3_server import LocalS3

BUCKET = "scrawl-bench"
OUT = Path(__file__).parent.parent / "build" / "bench" / "weights.json"
THREADS, VERSIONS = 16, 1000


def service(store: s3.S3Store) -> Service:
    """Return a service that has read nothing yet."""
    return Service(Settings(BUCKET, keep_versions=VERSIONS), store, ThreadLauncher())


def patches_a_second(count: int, threads: int) -> float:
    """Return how many lessons of one digit are taken and stored in a second."""
    some = wiring.service().dataset.sample("train", 1, np.random.default_rng(0))
    lesson = event("PATCH", "/weights", block.encode(some), content_type=OCTETS)
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        statuses = [answer["statusCode"] for answer in pool.map(lambda _: app(lesson, None), range(count))]
    assert set(statuses) == {200}, statuses
    return count / (time.perf_counter() - start)


def history_ms(store: s3.S3Store, limit: int) -> float:
    """Return the median time of a page of the history."""
    wiring.use(service(store))
    asked = event("GET", "/weights/history", query={"limit": [str(limit)]})
    answer = app(asked, None)
    assert answer["statusCode"] == 200, answer
    return median_ms(lambda: app(asked, None), 20)


def measure(folder: Path) -> dict[str, float]:
    """Return all figures."""
    server = LocalS3(folder, BUCKET)
    os.environ["AWS_ENDPOINT_URL_S3"] = server.endpoint
    store = s3.S3Store(aws.client("s3"), BUCKET)
    seed(store, small_dataset())
    wiring.use(service(store))
    results = {"PATCHes a second, one client": patches_a_second(100, 1)}
    results[f"PATCHes a second, {THREADS} clients"] = patches_a_second(VERSIONS - 101, THREADS)
    for limit in (50, 200, VERSIONS):
        results[f"history, {limit} versions, ms"] = history_ms(store, limit)
    server.close()
    start = time.perf_counter()
    LocalS3(folder, BUCKET).close()
    results[f"start of the local S3 with {VERSIONS} versions, ms"] = 1000 * (time.perf_counter() - start)
    return results


def main() -> None:
    """Measure, print and write."""
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder) / "s3")
    for name, figure in results.items():
        print(f"{name:50} {figure:9.1f}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
