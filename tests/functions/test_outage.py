"""The API in a process of its own while its S3 hangs, is gone, and comes back: predictions go on all the while."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from functions import aws
from functions.dataset.shards import Digits
from functions.jobs.launchers import ThreadLauncher
from functions.models.model import SERVE_FOR
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from tests.conftest import copy
from tests.support.servers.api_process import ApiProcess
from tests.support.servers.store_process import StoreProcess

BUCKET = "scrawl-test-outage"
PATIENCE = 60.0  # seconds
ONE_TIMEOUT = 6.0  # seconds that the API's S3 client waits for an answer, three times over


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreProcess]:
    running = StoreProcess(tmp_path / "s3", BUCKET)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", running.endpoint)
    yield running
    running.kill()


class Visitor:
    """Asks an API."""

    def __init__(self, s3: StoreProcess, ending: ExitStack) -> None:
        self.api = ApiProcess(s3.endpoint, BUCKET)
        ending.callback(self.api.kill)

    def version(self) -> str:
        """Return which weights a prediction is made with."""
        url = f"{self.api.url}/predict"
        answer = self.api.session.post(url, json={"tensor": [0] * 784}, timeout=60)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["version"])

    def refusal(self, method: str, path: str) -> int:
        """Return the status of an answer that says when to come back."""
        body = {"tensor": [0] * 784} if method == "POST" else None
        answer = self.api.session.request(method, self.api.url + path, json=body, timeout=60)
        assert int(answer.headers["Retry-After"]) > 0
        return answer.status_code

    def sees(self, version: str) -> None:
        """Wait until predictions are made with this version."""
        end = time.monotonic() + PATIENCE
        while self.version() != version:
            assert time.monotonic() < end, "the new weights are not used"


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_predictions_continue_while_s3_is_unavailable_and_use_newer_weights_when_it_is_back(
    s3: StoreProcess, seeded: MemoryStore, ending: ExitStack
) -> None:
    store = S3Store(aws.client("s3"), BUCKET)
    copy(seeded, store)
    warm = Visitor(s3, ending)
    before = warm.version()

    s3.hang()
    due = time.monotonic() + SERVE_FOR  # until it is time to ask which weights are current
    while time.monotonic() < due:
        assert warm.version() == before
    started = time.monotonic()
    assert {warm.version() for _ in range(20)} == {before}
    assert time.monotonic() - started < ONE_TIMEOUT  # or else somebody has waited for the store

    s3.kill()
    assert {warm.version() for _ in range(20)} == {before}
    assert warm.refusal("GET", "/weights") == 503
    cold = Visitor(s3, ending)
    assert cold.refusal("POST", "/predict") == 503

    s3.start()
    service = Service(Settings(BUCKET), store, ThreadLauncher())
    taught = service.model("mlp-128").train_step(Digits.of(service.dataset.first("test", 1)), 0.05).version.version
    warm.sees(taught)
    cold.sees(taught)
