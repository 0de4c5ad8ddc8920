"""Lessons through the stream: that each counts once under load, and how much one consumer learns in a second.

Under load consumers race, batches come again, and at each call of the store a consumer may die, before or after it.
The S3 and the Kinesis are the local ones, over HTTP, so Amazon's own latency is not in the figures. Printed, and
written to build/bench/. Run: `python -m bench.lessons` (MNIST_DIR is used where set).
"""

import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np

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
from functions.lessons.records import Record, read_event
from functions.models.averaging import Update
from functions.service import Service
from functions.settings import Settings
from functions.storage.s3 import S3Store
from functions.storage.store import Store
from functions.weights import safetensors
from functions.weights.int8 import to_int8
from infra.dataset.seeding import seed
from infra.local.kinesis_server import LocalKinesis
from infra.local.lesson_consumer import Event, LessonConsumer
from infra.local.s3_server import LocalS3
from tests.support.faults import KilledError
from tests.support.mortal_store import MortalStore

NAME = "scrawl-bench"
OUT = Path(__file__).parent.parent / "build" / "bench" / "lessons.json"
CLIENTS, LESSONS, TWICE, AGAIN, DIES = 30, 3000, 0.1, 0.4, 0.03
MODELS = {"mlp-128": 1000, "mlp-128-64": 1000, "conv-32-64": 300}  # lessons that one consumer learns
UPDATES = 120  # that one consumer averages
PATCHES = 24  # at once, to compare with: three rounds of spot checks


def service(store: Store, stream: KinesisStream | None = None) -> Service:
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


class Process:
    """A consumer's process, of which another takes the place when it dies; some batches are delivered again to it."""

    def __init__(self, store: S3Store, again: float, dies: float, seed_: int) -> None:
        self._chance, self._again = random.Random(seed_), again
        self.deaths: Counter[str] = Counter()  # by the store's call
        self._store = MortalStore(store, self._chance, dies, self.deaths)
        self._service = service(self._store)

    def learn(self, batch: Event) -> None:
        """Learn a batch, however often the process dies over it."""
        for _ in range(1 + (self._chance.random() < self._again)):
            for shard, records in read_event(batch).items():
                self._learn(shard, records)

    def _learn(self, shard: str, records: Sequence[Record]) -> None:
        while True:
            try:
                self._service.learner.learn(shard, records)
                return
            except KilledError:
                self._service = service(self._store)


def consumer(process: Process, after: int) -> LessonConsumer:
    """Return what gives a process the records after one of them."""
    return LessonConsumer(aws.client("kinesis"), NAME, process.learn, after=str(after))


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
        processes = [Process(store, AGAIN, DIES, number) for number in (1, 2)]
        racing = [consumer(each, after) for each in processes]
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
    deaths = processes[0].deaths + processes[1].deaths
    return {
        **{f"consumers that died at {call}": float(count) for call, count in sorted(deaths.items())},
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
        f"{model}: lessons a second, one consumer": count / consumed(consumer(Process(store, 0, 0, 0), first)),
    }


def updates(store: S3Store, stream: KinesisStream, model: str, as_bytes: bool) -> dict[str, float]:
    """Return how many updates of a network one consumer averages in a second, and how many the API does without it.

    They change nothing, so that none is refused; as int8 those of `mlp-128` fit onto the stream, others are in S3.
    """
    with_stream = service(store, stream)
    named, inbox = with_stream.model(model), with_stream.inbox
    assert inbox is not None
    base = named.weights.current()
    zeros = {name: np.zeros(tensor.shape, np.float32) for name, tensor in base.tensors.items()}
    body, form = safetensors.encode(to_int8(zeros) if as_bytes else zeros, {}), "int8" if as_bytes else "float32"

    def update(number: int) -> Update:
        return Update(zeros, base.version, 50, f"tab-{number}", f"{model}-{form}-{number}")

    first = int(stream.put(b"", model).sequence)
    for number in range(UPDATES):
        inbox.hand_in_update(named, update(number), body)
    seconds = consumed(consumer(Process(store, 0, 0, 0), first))
    counted = sum(one.base == base.version for one in named.weights.pointer().contributions)
    assert counted == UPDATES, counted
    alone = service(store).model(model)
    alone.average(update(UPDATES))
    start = time.perf_counter()
    for number in range(UPDATES + 1, UPDATES + 1 + PATCHES):
        alone.average(update(number))
    at_once = PATCHES / (time.perf_counter() - start)
    return {
        f"{model}: updates a second as {form}, one consumer": UPDATES / seconds,
        f"{model}: updates a second without a stream, one client": at_once,
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
    for model, as_bytes in (("mlp-128", True), *((model, False) for model in MODELS)):
        results |= updates(store, stream, model, as_bytes)
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
