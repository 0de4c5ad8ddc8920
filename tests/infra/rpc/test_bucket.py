"""`scrawl grpc --bucket`: every model of a store, with the weights that are current."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from functions import aws
from functions.dataset.shards import Digits
from functions.jobs.launchers import ThreadLauncher
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from infra.dataset import imported_models
from infra.local.s3_server import LocalS3
from model_export.importing import import_onnx
from tests.conftest import copy
from tests.support.digits.samples import digit_like
from tests.support.onnx_models import WEIGHT, linear, saved, softmax
from tests.support.servers.running_grpc import RunningGrpc, refused

BUCKET = "scrawl-test-grpc"
IMAGES = digit_like(2, seed=3)[0]  # (B, D)
TIMEOUT = 60  # seconds


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    """Run an S3 until this is closed."""
    server = LocalS3(tmp_path / "s3", BUCKET)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
    with ExitStack() as running:
        running.callback(server.close)
        yield running


@pytest.fixture
def store(s3: ExitStack, seeded: MemoryStore, tmp_path: Path) -> S3Store:  # noqa: ARG001 — it must run
    filled = S3Store(aws.client("s3"), BUCKET)
    copy(seeded, filled)
    imported_models.register(filled, "theirs", import_onnx(saved(tmp_path, linear(WEIGHT)), "theirs"))
    return filled


def infer(channel: triton.InferenceServerClient, model: str, version: str = "") -> triton.InferResult:
    sent = triton.InferInput("images", [2, 784], "FP32")
    sent.set_data_from_numpy(IMAGES)
    return channel.infer(model, [sent], model_version=version, client_timeout=TIMEOUT)


def failure(channel: triton.InferenceServerClient, model: str) -> InferenceServerException | None:
    try:
        infer(channel, model)
    except InferenceServerException as error:
        return error
    return None


def outages(running: RunningGrpc) -> list[tuple[str, str]]:
    """Return the models and versions with which predictions are said to go on."""
    return [(line["model"], line["version"]) for line in running.logs if "last known weights" in line["message"]]


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def test_every_model_is_served_with_its_current_weights(s3: ExitStack, store: S3Store) -> None:
    service = Service(Settings(BUCKET), store, ThreadLauncher())
    running = RunningGrpc("--model-architecture", "conv", SCRAWL_BUCKET=BUCKET)
    with triton.InferenceServerClient(running.address) as channel:
        found = infer(channel, "theirs").as_numpy("probabilities")
        np.testing.assert_allclose(found, softmax(IMAGES @ WEIGHT), rtol=1e-5)

        before = infer(channel, "mlp-128")
        old = before.get_response().model_version
        taught = (
            service.model("mlp-128").train_step(Digits.of(service.dataset.first("test", 1)), 0.05).version.version
        )
        wait_until(lambda: infer(channel, "mlp-128").get_response().model_version == taught)
        assert list(channel.get_model_metadata("mlp-128").versions) == [taught, old]
        again = infer(channel, "mlp-128", old).as_numpy("log_probabilities")
        np.testing.assert_array_equal(again, before.as_numpy("log_probabilities"))

        for name in ("mlp-300-100", "mlp-0"):
            unknown = failure(channel, name)
            assert unknown is not None
            assert unknown.status() == "StatusCode.NOT_FOUND"
            assert f"there is no model '{name}'; there are: conv-32-64, " in unknown.message()
            assert "`scrawl seed --model mlp-300-100` adds that network" in unknown.message()

        assert channel.is_server_ready()
        s3.close()
        wait_until(lambda: not channel.is_server_ready())
        assert channel.is_server_live()
        wait_until(lambda: bool(infer(channel, "mlp-128")) and ("mlp-128", taught) in outages(running))
        assert infer(channel, "mlp-128").get_response().model_version == taught
        assert channel.is_model_ready("mlp-128")
        error = failure(channel, "another")  # of which nothing has been read
    assert error is not None
    assert error.status() == "StatusCode.UNAVAILABLE"
    assert "the store failed" in error.message() or "there is no bucket" in error.message()
    assert running.stop() == 0


def test_bucket_that_is_not_there_is_refused() -> None:
    said = refused("--bucket", "there-is-none", AWS_ENDPOINT_URL_S3="http://127.0.0.1:9")
    assert "the store failed" in said
