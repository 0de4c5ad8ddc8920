"""Lessons over the real S3 and Kinesis of moto, from several clients: each counts once, whatever goes wrong."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from functions import aws
from functions.dataset.shards import Digits
from functions.lessons.inbox import Inbox
from functions.lessons.kinesis import KinesisStream
from functions.lessons.lesson import key_of
from functions.lessons.records import read_event
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from functions.weights import repository
from infra.local.kinesis_server import LocalKinesis
from infra.local.lesson_consumer import Event, LessonConsumer
from infra.local.s3_server import LocalS3
from tests.conftest import copy
from tests.support.launchers import IdleLauncher
from tests.support.servers.running_stack import RunningStack

BUCKET, STREAM = "scrawl-test-lessons", "scrawl-test-lessons"
CLIENTS, LESSONS = 6, 120
TWICE, AGAIN = 0.1, 0.4  # of lessons that are sent twice, of batches that are delivered again


@pytest.fixture
def kinesis(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKinesis]:
    server = LocalKinesis(STREAM)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", server.endpoint)
    monkeypatch.setattr(repository, "_PAUSE", 0)
    yield server
    server.close()


@pytest.fixture
def s3(tmp_path: Path, seeded: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    server = LocalS3(tmp_path / "s3", BUCKET)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
    store = S3Store(aws.client("s3"), BUCKET)
    copy(seeded, store)
    yield store
    server.close()


def process(store: S3Store) -> Service:
    return Service(Settings(BUCKET, keep_versions=1000), store, IdleLauncher())


class Delivery:
    """Delivers batches, some of them again, some to a consumer that fails before or after it has learned them."""

    def __init__(self, service: Service, chance: random.Random) -> None:
        self._service, self._chance = service, chance

    def __call__(self, event: Event) -> None:
        """Deliver a batch; if it fails, it comes again in halves."""
        for _ in range(1 + (self._chance.random() < AGAIN)):
            if self._chance.random() < 0.1:
                raise RuntimeError("before")
            for shard, records in read_event(event).items():
                self._service.learner.learn(shard, records)
            if self._chance.random() < 0.1:
                raise RuntimeError("after")


def consume(store: S3Store, after: str, seed: int) -> None:
    """Consume the whole stream as a process of its own."""
    delivery = Delivery(process(store), random.Random(seed))
    consumer = LessonConsumer(
        aws.client("kinesis"), STREAM, delivery, after=after, most=17 + seed, sleep=lambda _: None
    )
    while consumer.poll():
        pass


def test_every_lesson_of_several_clients_counts_exactly_once(kinesis: LocalKinesis, s3: S3Store) -> None:
    service = process(s3)
    model = service.model("mlp-128")
    some = Digits.of(service.dataset.first("train", LESSONS))
    client = aws.client("kinesis")
    inbox = Inbox(KinesisStream(STREAM, lambda: client), s3)

    def teach(number: int) -> list[Any]:
        chance, sent = random.Random(number), []
        for place in range(number, LESSONS, CLIENTS):
            one = Digits(some.images[place : place + 1], some.labels[place : place + 1])
            for _ in range(1 + (chance.random() < TWICE)):
                sent.append(inbox.hand_in(model, one, 0.001, key_of(f"lesson-{place}")))
        return sent

    with ThreadPoolExecutor(CLIENTS) as pool:
        sent = [each for some_sent in pool.map(teach, range(CLIENTS)) for each in some_sent]
    assert len(sent) > LESSONS
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda seed: consume(s3, str(kinesis.start), seed), (1, 2)))
    history = process(s3).model("mlp-128").weights.history(1000).versions
    assert sum(version.lessons for version in history) == LESSONS
    assert sum(version.samples for version in history if version.source == "patch") == LESSONS
    assert {inbox.report(model, each).state for each in sent} == {"learned"}


def test_record_that_always_fails_is_set_aside_and_those_behind_it_are_delivered(kinesis: LocalKinesis) -> None:
    client = aws.client("kinesis")
    stream = KinesisStream(STREAM, lambda: client)
    ids = [stream.put(bytes([number]), "p") for number in range(9)]
    delivered: list[bytes] = []

    def learn(event: Event) -> None:
        (records,) = read_event(event).values()
        if any(record.data == b"\4" for record in records):
            raise RuntimeError("poison")
        delivered.extend(record.data for record in records)

    consumer = LessonConsumer(client, STREAM, learn, after=str(kinesis.start), sleep=lambda _: None)
    consumer.stop()
    consumer.run()  # what there still is
    assert delivered == [bytes([number]) for number in range(9) if number != 4]
    kinesis.forget(ids[-1].sequence)
    assert int(stream.put(b"x", "p").sequence) > int(ids[-1].sequence)


def test_sequence_numbers_grow_from_one_start_to_the_next() -> None:
    starts = []
    for _ in range(2):
        server = LocalKinesis("scrawl-test-starts")
        starts.append(server.start)
        server.close()
    assert starts[0] < starts[1]


def test_local_stack_learns_what_is_on_its_stream_also_when_it_is_stopped(
    tmp_path: Path, small_seeded_folder: Path
) -> None:
    stack = RunningStack(tmp_path, copy_of=small_seeded_folder, options=("--lesson-stream",))
    url, headers = f"{stack.url}/api", {"Prefer": "wait=20", "Idempotency-Key": "first"}
    try:
        lesson = requests.get(f"{url}/data", timeout=60).json()
        waited = requests.patch(f"{url}/weights?learning_rate=0.0001", json=lesson, headers=headers, timeout=60)
        again = requests.patch(f"{url}/weights?learning_rate=0.0001", json=lesson, headers=headers, timeout=60)
        assert (waited.status_code, waited.json()["lessons"]) == (200, 1)
        assert again.json()["version"] == waited.json()["version"]  # it is the same lesson
        last = requests.patch(f"{url}/weights?learning_rate=0.0001", json=lesson, timeout=60)
        assert (last.status_code, last.headers["Location"][:15]) == (202, "/api/lessons/0-")
        stack.stop()
        stack.start()
        history = requests.get(f"{url}/weights/history", timeout=60).json()["versions"]
        assert sum(version["lessons"] for version in history) == 2
    finally:
        stack.stop()
