"""The measurement of lessons through the stream, in a small size: each counts once, though consumers race and die."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions import aws, wiring
from functions.lessons.kinesis import KinesisStream
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from functions.weights import repository
from infra.local.kinesis_server import LocalKinesis
from infra.local.s3_server import LocalS3
from tests.conftest import copy


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import it here, for it sets its process's environment, and have it measure little."""
    module = importlib.import_module("bench.lessons")
    for name, value in {"CLIENTS": 4, "LESSONS": 60, "DIES": 0.1, "UPDATES": 12, "PATCHES": 2}.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(repository, "_PAUSE", 0)
    yield module
    wiring.use(None)


@pytest.fixture
def stream(lessons: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[KinesisStream, int]]:
    server = LocalKinesis(lessons.NAME)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", server.endpoint)
    client = aws.client("kinesis")
    yield KinesisStream(lessons.NAME, lambda: client), server.start
    server.close()


@pytest.fixture
def store(lessons: Any, tmp_path: Path, seeded: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    server = LocalS3(tmp_path / "s3", lessons.NAME)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
    made = S3Store(aws.client("s3"), lessons.NAME)
    copy(seeded, made)
    yield made
    server.close()


def test_lessons_count_once_and_updates_are_averaged_by_one_consumer(
    lessons: Any, store: S3Store, stream: tuple[KinesisStream, int]
) -> None:
    kinesis, start = stream
    digits = lessons.service(store).dataset.first("train", 100)
    figures = lessons.count_under_load(store, kinesis, start, digits)
    assert figures["lessons that count"] == 60
    assert any(name.startswith("consumers that died at") for name in figures)
    of_updates = lessons.updates(store, kinesis, "mlp-128", as_bytes=True)
    assert all(figure > 0 for figure in of_updates.values())
    assert len(of_updates) == 2
