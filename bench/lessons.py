"""Lessons through the stream: that each counts once under load, and how many one consumer learns in a second.

The S3 and the Kinesis are the local ones, over HTTP, so Amazon's own latency is not in the figures. Printed, and
written to build/bench/. Run: `python -m bench.lessons` (MNIST_DIR is used where set).
"""

import json
import os
import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

os.environ |= {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "LOG_LEVEL": "ERROR",
}

from bench.handlers import OCTETS, event, small_dataset
from functions import aws, wiring
from functions.app import app
from functions.dataset import block
from functions.dataset.block import Block
from functions.jobs.launchers import ThreadLauncher
from functions.lessons.kinesis import KinesisStream
from functions.lessons.records import read_event
from functions.service import Service
from functions.settings import Settings
from functions.storage.s3 import S3Store
from infra.dataset.seeding import seed
from infra.local.kinesis_server import LocalKinesis
from infra.local.lesson_consumer import Event, LessonConsumer
from infra.local.s3_server import LocalS3

NAME = "scrawl-bench"
OUT = Path(__file__).parent.parent / "build" / "bench" / "lessons.json"
CLIENTS, LESSONS, TWICE, AGAIN = 30, 3000, 0.1, 0.4
MODELS = {"mlp-128": 1000, "mlp-128-64": 1000, "conv-32-64": 300}  # lessons that one consumer learns
PATCHES = 24  # at once, to compare with: three rounds of spot checks


def service(store: S3Store, stream: KinesisStream | None = None) -> Service:
    """Return a process of its own, which has read nothing yet."""
    return Service(Settings(NAME, keep_versions=4000), store, ThreadLauncher(), stream=stream)


def patch(model: str, digits: Block, place: int, key: str = "") -> None:
    """Send a lesson of one digit."""
    place %= len(digits)
    body = block.encode(Block(digits.labels[place : place + 1], digits.pixels[place : place + 1]))
    query = {"model": [model], "learning_rate": ["0.0001"]}
    asked = event("PATCH", "/weights", body, content_type=OCTETS, query=query)
    if key:
        asked["headers"]["Idempotency-Key"] = key
    answer = app(asked, None)
    assert answer["statusCode"] in (200, 202), answer


def consumer(store: S3Store, after: int, again: float, seed_: int) -> LessonConsumer:
    """Return a consumer with a process of its own, to which some batches are delivered again."""
    own, chance = service(store), random.Random(seed_)

    def learn(batch: Event) -> None:
        for _ in range(1 + (chance.random() < again)):
            for shard, records in read_event(batch).items():
                own.learner.learn(shard, records)

    return LessonConsumer(aws.client("kinesis"), NAME, learn, after=str(after))


def consumed(one: LessonConsumer) -> float:
    """Learn all there is on the stream; return how many seconds that took."""
    start = time.perf_counter()
    one.stop()
    one.run()
    return time.perf_counter() - start


def count_under_load(store: S3Store, stream: KinesisStream, after: int, digits: Block) -> dict[str, float]:
    """Send lessons from many clients, some twice, to two racing consumers; return how many count and how fast."""
    wiring.use(service(store, stream))
    before = sum(entry.lessons for entry in service(store).model("mlp-128").weights.history(4000).versions)

    def teach(client: int) -> int:
        chance, sent = random.Random(client), 0
        for place in range(client, LESSONS, CLIENTS):
            for _ in range(1 + (chance.random() < TWICE)):
                patch("mlp-128", digits, place, f"lesson-{place}")
                sent += 1
        return sent

    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS + 2) as pool:
        racing = [consumer(store, after, AGAIN, number) for number in (1, 2)]
        running = [pool.submit(one.run) for one in racing]
        sent = sum(pool.map(teach, range(CLIENTS)))
        accepted = time.perf_counter() - start
        for one, future in zip(racing, running, strict=True):
            one.stop()
            future.result()
    learned = time.perf_counter() - start
    versions = service(store).model("mlp-128").weights.history(4000).versions
    counted = sum(entry.lessons for entry in versions) - before
    assert counted == LESSONS, counted
    return {
        f"lessons sent by {CLIENTS} clients": sent,
        "lessons that count": counted,
        "versions that hold them": sum(entry.lessons > 0 for entry in versions),
        "lessons accepted a second": sent / accepted,
        "lessons learned a second, two racing consumers": counted / learned,
    }


def one_consumer(store: S3Store, stream: KinesisStream, model: str, count: int, digits: Block) -> dict[str, float]:
    """Return how many lessons one consumer learns in a second, and how many PATCHes without a stream are."""
    wiring.use(service(store))
    patch(model, digits, 0)
    start = time.perf_counter()
    for place in range(PATCHES):
        patch(model, digits, place)
    at_once = PATCHES / (time.perf_counter() - start)
    wiring.use(service(store, stream))
    inbox = wiring.service().inbox
    assert inbox is not None
    first = int(stream.put(b"", model).sequence)  # no lesson: where those that follow start
    for place in range(count):
        patch(model, digits, place)
    return {
        f"{model}: PATCHes a second without a stream, one client": at_once,
        f"{model}: lessons a second, one consumer": count / consumed(consumer(store, first, 0, 0)),
    }


def measure(folder: Path, most: int) -> dict[str, float]:
    """Return all figures."""
    s3, kinesis = LocalS3(folder, NAME), LocalKinesis(NAME)
    os.environ |= {"AWS_ENDPOINT_URL_S3": s3.endpoint, "AWS_ENDPOINT_URL_KINESIS": kinesis.endpoint}
    store = S3Store(aws.client("s3"), NAME)
    seed(store, small_dataset())
    client = aws.client("kinesis")
    stream = KinesisStream(NAME, lambda: client)
    digits = service(store).dataset.first("train", 1000)
    results: dict[str, float] = {}
    for model, count in MODELS.items():
        results |= one_consumer(store, stream, model, min(count, most), digits)
    start = int(stream.put(b"", "mlp-128").sequence)
    results |= count_under_load(store, stream, start, digits)
    s3.close()
    kinesis.close()
    return results


@click.command()
@click.option("--most", default=3000, help="How many lessons of each network one consumer learns at most.")
def main(most: int) -> None:
    """Measure, print and write."""
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder) / "s3", most)
    for name, figure in results.items():
        print(f"{name:60} {figure:9.1f}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
