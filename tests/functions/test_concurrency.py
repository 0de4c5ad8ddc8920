"""Many clients at once, over two processes that share one S3: no accepted step is lost, and none counts twice."""

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from functions import aws
from functions.dataset import block
from functions.dataset.block import Block
from functions.dataset.shards import Digits
from functions.jobs.jobs import STALE_AFTER, JobActiveError
from functions.jobs.launchers import ThreadLauncher
from functions.models.training import TrainState
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from functions.weights import safetensors
from functions.weights.tensor_checks import fit
from functions.weights.versions import Tensors
from infra.local.s3_server import LocalS3
from tests.conftest import copy
from tests.support.launchers import IdleLauncher
from tests.support.servers.api_process import ApiProcess

BUCKET = "scrawl-test-processes"
CLIENTS, STEPS = (12, 10) if os.environ.get("CI") else (8, 9)
SAFETENSORS = "application/vnd.safetensors"
OCTETS = "application/octet-stream"


@pytest.fixture(scope="module")
def s3(
    tmp_path_factory: pytest.TempPathFactory,
    seeded: MemoryStore,
    aws_environment: None,  # noqa: ARG001
) -> Iterator[LocalS3]:
    """Return a server that is S3 to several processes; moto's own lets two guarded writes both succeed."""
    server = LocalS3(tmp_path_factory.mktemp("s3"), BUCKET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
        copy(seeded, S3Store(aws.client("s3"), BUCKET))
        yield server
    server.close()


@pytest.fixture(scope="module")
def apis(s3: LocalS3) -> Iterator[list[ApiProcess]]:
    """Return two processes of the API."""
    running = [ApiProcess(s3.endpoint, BUCKET, SCRAWL_KEEP_VERSIONS="1000") for _ in range(2)]
    yield running
    for api in running:
        api.kill()


def lessons(seeded: MemoryStore) -> list[Block]:
    """Return as many different single digits as there are steps."""
    some = Service(Settings("b"), seeded, ThreadLauncher()).dataset.first("train", CLIENTS * STEPS)
    return [Block(some.labels[n : n + 1], some.pixels[n : n + 1]) for n in range(CLIENTS * STEPS)]


class Reader(threading.Thread):
    """Reads weights and history again and again, and keeps what is wrong with them."""

    def __init__(self, url: str, shapes: dict[str, tuple[int, ...]]) -> None:
        super().__init__(daemon=True)
        self._url, self._shapes = url, shapes
        self.over = threading.Event()
        self.seen: list[str] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        """Read until told to stop."""
        with requests.Session() as session:
            while not self.over.wait(0.3):
                try:
                    self._read(session)
                except Exception as error:
                    self.wrong.append(repr(error))

    def _read(self, session: requests.Session) -> None:
        answer = session.get(f"{self._url}/weights", headers={"Accept": SAFETENSORS}, timeout=60)
        assert answer.status_code == 200, answer.text
        values, metadata = safetensors.decode(answer.content)
        fit(values, self._shapes)
        assert answer.headers["ETag"].strip('"').split(".")[0] == metadata["version"]
        history = session.get(f"{self._url}/weights/history?limit=1000", timeout=60).json()["versions"]
        assert [entry["parent"] for entry in history[:-1]] == [entry["version"] for entry in history[1:]]
        assert [entry["current"] for entry in history] == [True] + [False] * (len(history) - 1)
        assert metadata["version"] in {entry["version"] for entry in history}
        self.seen.append(metadata["version"])


def replay(service: Service, first: Tensors, taught: list[Block]) -> Tensors:
    """Return the weights after these lessons, one after the other."""
    trainer = service.model("mlp-128").trainer
    state = TrainState.fresh(first)
    for lesson in taught:
        digits = Digits.of(lesson)
        state = TrainState.fresh(trainer.step(state, digits.images, digits.labels, learning_rate=0.001).state.weights)
    return state.weights


def test_every_accepted_step_of_many_clients_counts_exactly_once(
    apis: list[ApiProcess], s3: LocalS3, seeded: MemoryStore
) -> None:
    service = over(s3)
    model, todo = service.model("mlp-128"), lessons(seeded)
    first = model.weights.current()
    readers = [Reader(api.url, model.manifest.shapes()) for api in apis]

    def teach(number: int) -> list[tuple[int, requests.Response]]:
        url = f"{apis[number % 2].url}/weights?learning_rate=0.001"
        answers: list[tuple[int, requests.Response]] = []
        with requests.Session() as session:
            for place in range(number, len(todo), CLIENTS):
                body = block.encode(todo[place])
                answers.append((place, session.patch(url, body, headers={"Content-Type": OCTETS}, timeout=120)))
        return answers

    for reader in readers:
        reader.start()
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [answer for some in pool.map(teach, range(CLIENTS)) for answer in some]
    for reader in readers:
        reader.over.set()
        reader.join(60)

    statuses = Counter(answer.status_code for _, answer in answers)
    assert len(answers) == CLIENTS * STEPS
    assert statuses.keys() <= {200, 409, 429}, statuses
    assert statuses[200] > CLIENTS * STEPS // 2
    made: dict[str, int] = {answer.json()["version"]: place for place, answer in answers if answer.status_code == 200}
    history: list[dict[str, Any]] = apis[0].get("/weights/history?limit=1000").json()["versions"]
    chain = [entry["version"] for entry in reversed(history)]
    assert chain[0] == first.version
    assert sorted(chain[1:]) == sorted(made)
    assert len(made) == statuses[200]
    # Each step was taken from what the one before it had made: taken again here, they lead to the same weights.
    expected = replay(service, first.tensors, [todo[made[version]] for version in chain[1:]])
    for name, tensor in model.weights.current().tensors.items():
        np.testing.assert_array_equal(tensor, expected[name])
    assert [reader.wrong for reader in readers] == [[], []]
    assert all(len(set(reader.seen)) > 3 for reader in readers)
    assert sorted(stored_versions(s3)) == sorted(chain)  # those that lost a race have left nothing


def test_api_killed_in_the_middle_of_lessons_leaves_whole_weights(s3: LocalS3, seeded: MemoryStore) -> None:
    todo, doomed = lessons(seeded)[:8], ApiProcess(s3.endpoint, BUCKET)
    accepted: list[str] = []
    enough = threading.Event()

    def teach(number: int) -> None:
        with requests.Session() as session, contextlib.suppress(requests.ConnectionError):
            while True:
                body, headers = block.encode(todo[number]), {"Content-Type": OCTETS}
                answer = session.patch(f"{doomed.url}/weights", body, headers=headers, timeout=60)
                if answer.status_code == 200:
                    accepted.append(answer.json()["version"])
                    if len(accepted) >= 8:
                        enough.set()

    with ThreadPoolExecutor(4) as pool:
        for number in range(4):
            pool.submit(teach, number)
        try:
            assert enough.wait(120)
        finally:
            doomed.kill()
    weights = over(s3).model("mlp-128").weights
    assert weights.current().version == weights.history().current
    chain = [entry.version for entry in weights.history(1000).versions]
    assert set(accepted) <= set(chain)
    assert over(s3).model("mlp-128").train_step(Digits.of(todo[0]), 0.01).version.parent == chain[0]


def test_retraining_whose_process_is_killed_has_failed_and_can_be_started_again(s3: LocalS3) -> None:
    doomed = ApiProcess(s3.endpoint, BUCKET, TRAIN_ITER="1000000")
    job_id = doomed.session.delete(f"{doomed.url}/weights", timeout=60).json()["job"]["id"]
    service = over(s3)
    before = service.model("mlp-128").weights.current().version
    try:
        wait_until(lambda: service.jobs.get(job_id).iteration > 0)
    finally:
        doomed.kill()
    with pytest.raises(JobActiveError):  # nobody can know yet
        service.start_retraining(service.model("mlp-128"))
    service.jobs.now = lambda: datetime.now(UTC) + timedelta(seconds=STALE_AFTER)
    dead = service.jobs.get(job_id)
    assert dead.state == "failed"
    assert "has had no heartbeat" in str(dead.error)
    assert service.model("mlp-128").weights.current().version == before
    done = service.run_job(service.start_retraining(service.model("mlp-128")).id)
    assert done.state == "done"
    assert service.model("mlp-128").weights.current().version == done.version


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for something, generously: the machine may be busy."""
    for _ in range(6000):
        if happened():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def over(_: LocalS3) -> Service:
    """Return the service over the S3 of these tests, with nothing in memory."""
    settings = Settings(BUCKET, keep_versions=1000, train_iterations=2)
    return Service(settings, S3Store(aws.client("s3"), BUCKET), IdleLauncher())


def stored_versions(_: LocalS3) -> list[str]:
    keys = S3Store(aws.client("s3"), BUCKET).keys("weights/mlp-128/")
    return [Path(key).stem for key in keys if key.endswith(".safetensors")]
