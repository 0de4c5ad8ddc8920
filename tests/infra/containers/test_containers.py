"""The API, the gRPC server and the store's preparation as their images run them, without an engine."""

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infra.containers.prepare import ensure_bucket
from infra.dataset.sources import DigitSplits
from infra.rpc.protos import mnist_pb2, mnist_pb2_grpc
from tests.support.digits import idx_files
from tests.support.servers.containers import Image
from tests.support.servers.running_containers import PATIENCE, Containers, containers, free_port, wait_for


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, digits: DigitSplits) -> Iterator[Containers]:
    """Run a store that has been prepared."""
    folder = tmp_path_factory.mktemp("containers")
    with containers(folder, idx_files.of(digits, folder / "digits")) as started:
        status, said = started.prepare()
        assert status == 0, said
        assert "Stored: " in said
        yield started


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(running: Containers, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run the API, two workers of it. When asked to, it must end in order."""
    process = running.start("api", port)
    yield process
    process.terminate()
    assert process.wait(PATIENCE) == 0


@pytest.fixture(scope="module")
def api(server: subprocess.Popen[str], port: int) -> str:  # noqa: ARG001 — it must run
    return f"http://127.0.0.1:{port}/api"


def test_preparing_again_writes_nothing(running: Containers) -> None:
    status, said = running.prepare()
    assert (status, said) == (0, "The bucket scrawl-containers is ready\n")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"SCRAWL_BUCKET": ""}, "SCRAWL_BUCKET must be set"),
        ({"MNIST_DIR": "/nowhere"}, "MNIST_DIR is /nowhere, which is not a folder"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "Could not connect to the endpoint URL"),
    ],
)
def test_what_prevents_preparation_is_reported(running: Containers, changed: dict[str, str], message: str) -> None:
    status, said = running.prepare(**changed)
    assert status == 1
    assert message in said
    assert "Traceback" not in said


def test_preparation_waits_for_a_store_that_is_starting(s3_client: Any) -> None:
    with Stubber(s3_client) as store:
        store.add_client_error("head_bucket", "404", http_status_code=404)
        store.add_client_error("create_bucket", "InternalError", http_status_code=500)
        store.add_client_error("head_bucket", "404", http_status_code=404)
        store.add_response("create_bucket", {}, {"Bucket": "new"})
        ensure_bucket(s3_client, "new", pause=0)
        store.assert_no_pending_responses()


def test_bucket_of_somebody_else_is_not_waited_for(s3_client: Any) -> None:
    with Stubber(s3_client) as store:
        store.add_client_error("head_bucket", "403", http_status_code=403)
        with pytest.raises(ClientError, match="403"):
            ensure_bucket(s3_client, "taken", pause=0)


def test_api_answers_many_at_once(api: str) -> None:
    sample = requests.get(f"{api}/data", timeout=PATIENCE).json()["data"][0]
    etag = requests.get(f"{api}/weights", timeout=PATIENCE).headers["ETag"]

    def visit(_: int) -> list[int]:
        with requests.Session() as session:
            answers = [
                session.post(f"{api}/predict", json={"tensor": sample["image"]}, timeout=PATIENCE),
                session.get(f"{api}/datablock/train/0", timeout=PATIENCE),
                session.post(f"{api}/datablock", json={"block": 32}, timeout=PATIENCE),
                session.get(f"{api}/weights", headers={"If-None-Match": etag}, timeout=PATIENCE),
                session.get(f"{api}/nothing", timeout=PATIENCE),
            ]
        return [answer.status_code for answer in answers]

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(visit, range(64))) == [[200, 200, 200, 304, 404]] * 64


def test_what_one_worker_changes_all_serve(api: str) -> None:
    sample = requests.get(f"{api}/data", timeout=PATIENCE).json()
    new = requests.patch(f"{api}/weights", json=sample, timeout=PATIENCE).json()["version"]

    def seen(_: int) -> str:
        answer = requests.get(f"{api}/weights", headers={"Accept-Encoding": "identity"}, timeout=PATIENCE)
        return answer.headers["ETag"].strip('"')

    with ThreadPoolExecutor(8) as pool:  # a connection each, so that every worker gets some
        assert set(pool.map(seen, range(24))) == {new}


def test_body_of_unknown_length_is_read(api: str) -> None:
    block = requests.post(f"{api}/datablock", json={"block": 1}, timeout=PATIENCE).json()
    chunks = iter([b'{"tensor": ', str(block["data"][0]["image"]).encode(), b"}"])
    json = {"Content-Type": "application/json"}
    assert requests.post(f"{api}/predict", data=chunks, headers=json, timeout=PATIENCE).status_code == 200
    endless = (b" " * 1024 * 1024 for _ in range(12))
    refused = requests.post(f"{api}/predict", data=endless, headers=json, timeout=PATIENCE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")


def test_worker_that_dies_is_replaced(server: subprocess.Popen[str], api: str) -> None:
    first, _ = before = _workers(server)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: len(_workers(server)) == 2 and _workers(server) != before)
    assert requests.get(f"{api}/", timeout=PATIENCE).json()["name"] == "scrawl"


def test_api_without_what_its_stage_needs_says_so_once(running: Containers) -> None:
    image = running.image("api")
    changed = {"SCRAWL_STAGE": "prod", "PORT": str(free_port())}
    status, said = image.run(image.command, **running.environment | changed)
    assert status == 1
    assert said.count("The API cannot start: SCRAWL_WRITE_TOKEN must be set on stage 'prod'") == 1
    assert "Traceback" not in said


def test_grpc_server_serves_the_bucket(running: Containers, api: str) -> None:
    port = free_port()
    process = running.start("grpc", port)
    picture = requests.get(f"{api}/data", headers={"Accept": "image/png"}, timeout=PATIENCE).content
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = mnist_pb2_grpc.MnistStub(channel)  # type: ignore[no-untyped-call]  # generated
        answer = stub.Predict(mnist_pb2.MnistImage(data=picture), timeout=PATIENCE)
    assert max(range(10), key=answer.probabilities.__getitem__) == answer.label
    process.terminate()
    assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("target", ["api", "grpc"])
def test_health_of_an_unavailable_server(running: Containers, target: str) -> None:
    image: Image = running.image(target)
    address = image.health[-1].replace("8000", "9").replace("50051", "9")
    status, said = image.run([*image.health[:-1], address])
    assert status == 1
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1


def test_grpc_server_without_its_model_does_not_start(running: Containers) -> None:
    image = running.image("grpc")
    status, said = image.run(image.command, **running.environment | {"SCRAWL_GRPC_MODEL": "none", "PORT": "0"})
    assert status == 1
    assert "The gRPC server cannot start" in said
    assert "Traceback" not in said


def _workers(server: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return sorted(map(int, children.split()))
