"""The Open Inference Protocol over HTTP as tritonclient speaks it, and docs/protocols.md run as it stands."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import requests
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

from infra.cli.grpc_command import grpc as grpc_command
from infra.paths import ROOT
from tests.support.digits.samples import digit_like
from tests.support.servers.running_grpc import RunningGrpc
from tests.support.servers.running_stack import RunningStack, teach

DOCS = (ROOT / "docs" / "protocols.md").read_text()
IMAGES = digit_like(3, seed=3)[0]  # (B, D)
STRICT = 'set -euo pipefail\ncurl() { command curl --fail-with-body --show-error "$@"; echo; }\n'


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, small_seeded_folder: Path) -> Iterator[RunningStack]:
    running = RunningStack(tmp_path_factory.mktemp("stack"), copy_of=small_seeded_folder, SCRAWL_WRITE_TOKEN="")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def grpc_server() -> Iterator[RunningGrpc]:
    running = RunningGrpc()
    yield running
    running.stop()


@pytest.fixture
def client(stack: RunningStack) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"{stack.url.removeprefix('http://')}/api") as opened:
        yield opened


def sent(images: np.ndarray = IMAGES, datatype: str = "FP32", *, binary: bool = True) -> triton.InferInput:
    tensor = triton.InferInput("images", images.shape, datatype)
    tensor.set_data_from_numpy(images, binary_data=binary)
    return tensor


def predicted(stack: RunningStack, model: str) -> np.ndarray:
    """Return the probabilities that the model's file gives; those of /predict are calibrated."""
    file = requests.get(
        f"{stack.url}/api/weights?model={model}", headers={"Accept": "application/vnd.onnx"}, timeout=30
    ).content
    scores: np.ndarray = onnxruntime.InferenceSession(file).run(None, {"images": IMAGES})[0]
    return np.exp(scores)


def test_tritonclient_finds_out_what_there_is(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata("conv-32-64")
    assert metadata["inputs"] == [{"name": "images", "datatype": "FP32", "shape": [-1, 784]}]
    assert client.is_model_ready("conv-32-64", metadata["versions"][0])
    assert not client.is_model_ready("conv-32-64", "1")
    assert not client.is_model_ready("nobody")


@pytest.mark.parametrize("model", ["mlp-128", "mlp-128-64", "conv-32-64"])
@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_tritonclient_infers_with_json_and_with_bytes(
    client: triton.InferenceServerClient, stack: RunningStack, model: str, binary_in: bool, binary_out: bool
) -> None:
    names = ("label", "probabilities", "log_probabilities")
    wanted = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in names]
    result = client.infer(model, [sent(binary=binary_in)], outputs=wanted, request_id="9")
    assert result.get_response()["id"] == "9"
    expected = predicted(stack, model)
    np.testing.assert_allclose(result.as_numpy("probabilities"), expected, rtol=1e-5)
    np.testing.assert_allclose(np.exp(result.as_numpy("log_probabilities")), expected, rtol=1e-5)
    np.testing.assert_array_equal(result.as_numpy("label"), expected.argmax(1))


@pytest.mark.parametrize("coding", [None, "gzip", "deflate"])
def test_tritonclient_gets_all_outputs_of_bytes_sent_in_any_coding(
    client: triton.InferenceServerClient, stack: RunningStack, coding: str | None
) -> None:
    images = np.round(IMAGES * 255).astype(np.uint8).reshape(-1, 1, 28, 28)
    result = client.infer(
        "mlp-128",
        [sent(images, "UINT8")],
        request_compression_algorithm=coding,
        response_compression_algorithm=coding,
    )
    np.testing.assert_allclose(result.as_numpy("probabilities"), predicted(stack, "mlp-128"), rtol=1e-5)


@pytest.mark.parametrize("datatype", ["INT32", "INT64"])
def test_tritonclient_sends_whole_numbers_of_any_size(
    client: triton.InferenceServerClient, stack: RunningStack, datatype: str
) -> None:
    images = np.round(IMAGES * 255).astype(datatype.lower())
    result = client.infer("mlp-128", [sent(images, datatype)])
    np.testing.assert_allclose(result.as_numpy("probabilities"), predicted(stack, "mlp-128"), rtol=1e-5)


@pytest.mark.parametrize("coding", [None, "deflate"])
def test_tritonclient_infers_with_asyncio(stack: RunningStack, coding: str | None) -> None:
    async def infer() -> np.ndarray:
        async with triton_aio.InferenceServerClient(f"{stack.url.removeprefix('http://')}/api") as opened:
            result = await opened.infer("mlp-128", [sent()], request_compression_algorithm=coding)
        found: np.ndarray = result.as_numpy("probabilities")
        return found

    with ThreadPoolExecutor(1) as pool:  # in this thread, Playwright has an event loop running
        answer = pool.submit(asyncio.run, infer()).result()
    np.testing.assert_allclose(answer, predicted(stack, "mlp-128"), rtol=1e-5)


def test_tritonclient_reaches_older_versions(client: triton.InferenceServerClient, stack: RunningStack) -> None:
    before = client.infer("mlp-128", [sent()])
    taught = teach(stack.url)["version"]
    after = client.infer("mlp-128", [sent()])
    assert after.get_response()["model_version"] == taught
    again = client.infer("mlp-128", [sent()], model_version=before.get_response()["model_version"])
    np.testing.assert_array_equal(again.as_numpy("probabilities"), before.as_numpy("probabilities"))


@pytest.mark.parametrize(
    ("model", "images", "output", "message"),
    [
        ("nobody", IMAGES, "label", "there is no model 'nobody'; there are: "),
        ("mlp-128", IMAGES[:, :783], "label", "the shape must be [B,784]"),
        ("mlp-128", IMAGES * 255, "label", "pixels of FP32 are 0 to 1"),
        ("mlp-128", IMAGES, "scores", "there is no output 'scores'; there are: "),
    ],
)
def test_tritonclient_shows_what_is_wrong(
    client: triton.InferenceServerClient, model: str, images: np.ndarray, output: str, message: str
) -> None:
    with pytest.raises(InferenceServerException) as caught:
        client.infer(model, [sent(images)], outputs=[triton.InferRequestedOutput(output)])
    assert message in caught.value.message()


def test_errors_of_the_gateway_have_the_same_shape(stack: RunningStack) -> None:
    nothing = requests.get(f"{stack.url}/api/v2/nothing", timeout=30)
    assert (nothing.status_code, nothing.json()) == (404, {"error": "there is nothing at /api/v2/nothing"})
    large = requests.post(f"{stack.url}/api/v2/models/mlp-128/infer", data=bytes(11_000_000), timeout=30)
    assert large.status_code == 413
    assert "a body may have" in large.json()["error"]


def blocks(language: str) -> list[str]:
    """Return the blocks of a language in the page."""
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    return found


def moved(text: str, stack: RunningStack, server: RunningGrpc) -> str:
    """Return an example with the addresses of what runs here."""
    where = stack.url.removeprefix("http://")
    return text.replace("localhost:8000", where).replace("127.0.0.1:50051", server.address)


def run(command: list[str], folder: Path) -> str:
    ended = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
    return ended.stdout


def test_curl_examples_work(stack: RunningStack, grpc_server: RunningGrpc, tmp_path: Path) -> None:
    scripts = [block for block in blocks("sh") if block.startswith("curl")]
    printed = run(["bash", "-c", STRICT + moved("".join(scripts), stack, grpc_server)], tmp_path)
    assert '{"ready":true}' in printed
    assert '"model_name":"conv-32-64"' in printed


def test_grpcurl_examples_work(stack: RunningStack, grpc_server: RunningGrpc, tmp_path: Path) -> None:
    if not shutil.which("grpcurl"):
        pytest.skip("grpcurl is not installed")
    scripts = [block for block in blocks("sh") if block.startswith("grpcurl")]
    printed = run(["bash", "-c", STRICT + moved("".join(scripts), stack, grpc_server)], tmp_path)
    assert "inference.GRPCInferenceService" in printed
    assert "probabilities" in printed


@pytest.mark.parametrize("example", blocks("python"), ids=["triton-http", "grpcio", "triton-grpc"])
def test_python_examples_work(stack: RunningStack, grpc_server: RunningGrpc, tmp_path: Path, example: str) -> None:
    assert run([sys.executable, "-c", moved(example, stack, grpc_server)], tmp_path).strip()


def test_flags_of_the_page_are_those_of_the_command() -> None:
    flags = {option for parameter in grpc_command.params for option in parameter.opts if option.startswith("--")}
    table = DOCS.split("| flag | |")[1].split("\n\n")[0]
    assert set(re.findall(r"--[a-z]+[a-z-]*", table)) == flags
