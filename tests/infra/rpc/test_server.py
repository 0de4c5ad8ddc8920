"""`scrawl grpc` as a process: what it serves, where it listens, how it ends, and why it refuses to start."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from functions.weights import safetensors
from infra.paths import ROOT
from infra.rpc import address
from model_export import pretrained
from tests.support.digits.samples import digit_like
from tests.support.servers.running_grpc import RunningGrpc, refused

TIMEOUT = 60  # seconds
IMAGES = digit_like(2, seed=3)[0]  # (B, D)
NO_IPV6 = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && ip link set lo up"


def infer(where: str, images: np.ndarray = IMAGES, model: str = "mlp-128-64") -> service_pb2.ModelInferResponse:
    with grpc.insecure_channel(where) as channel:
        return asked(channel, images, model).result(TIMEOUT)


def asked(channel: grpc.Channel, images: np.ndarray, model: str) -> grpc.Future:
    kind = "UINT8" if images.dtype == np.uint8 else "FP32"
    request = service_pb2.ModelInferRequest(
        model_name=model,
        inputs=[{"name": "images", "datatype": kind, "shape": images.shape}],
        raw_input_contents=[images.tobytes()],
    )
    return service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer.future(request, timeout=TIMEOUT)


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that something listens on already."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_weights_from_a_file_are_served_with_their_hash_as_version(tmp_path: Path) -> None:
    weights = pretrained.load("mlp-128")[0]
    weights["fc2.bias"] = weights["fc2.bias"] + np.float32(100) * (np.arange(10) == 7).astype(np.float32)
    pretrained.write(tmp_path / "sevens.safetensors", weights, {})
    versions = []
    for _ in range(2):
        running = RunningGrpc(
            "--model-architecture", "mlp-128", "--model-weights", str(tmp_path / "sevens.safetensors")
        )
        answer = infer(running.address, model="mlp-128")
        assert running.stop() == 0
        assert np.frombuffer(answer.raw_output_contents[2], "<i8").tolist() == [7, 7]
        versions.append(answer.model_version)
    assert versions[0] == versions[1]


def test_file_weights_win_over_a_bucket_of_the_environment() -> None:
    file = pretrained.FOLDER / "mlp-128-64.safetensors"
    running = RunningGrpc("--model-weights", str(file), SCRAWL_BUCKET="there-is-none")
    assert infer(running.address).model_name == "mlp-128-64"
    running.stop()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_running_call_is_answered_before_the_server_ends(how: signal.Signals) -> None:
    running = RunningGrpc("--model-architecture", "conv")
    with grpc.insecure_channel(running.address) as channel:
        call = asked(channel, np.zeros((1500, 784), np.uint8), "conv-32-64")
        call.initial_metadata()  # it is at work
        assert running.stop(how) == 0
        assert len(call.result(TIMEOUT).outputs) == 3
    assert "Stopped" in running.said
    with socket.create_server(("127.0.0.1", int(running.address.rpartition(":")[2]))):
        pass  # nothing is left behind that listens


def test_health_says_when_the_server_is_about_to_end_and_a_second_ctrl_c_ends_it_at_once() -> None:
    running = RunningGrpc()
    with grpc.insecure_channel(running.address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        running.process.send_signal(signal.SIGINT)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert running.stop() == -signal.SIGINT  # it was still waiting for whoever watches
        with pytest.raises(grpc.RpcError) as caught:
            next(watch)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_ipv6_is_listened_on() -> None:
    running = RunningGrpc("--address", "[::1]:0")
    assert running.address.startswith("[::1]:")
    assert infer(running.address).model_name == "mlp-128-64"
    running.stop()


def test_machine_without_ipv6_is_served_on_ipv4() -> None:
    within = ["unshare", "-rn", "sh", "-c", f'{NO_IPV6} && exec "$0" "$@"']
    if not shutil.which("unshare") or subprocess.run([*within, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a network of his own")
    running = RunningGrpc("--address", "[::1]:0", within=within)
    assert "This machine has no IPv6: listening on 127.0.0.1:0 instead of [::1]:0" in running.said
    assert running.address.startswith("127.0.0.1:")
    assert running.stop() == 0


def test_taken_port_is_refused_with_another_one(taken: int) -> None:
    said = refused("--address", f"127.0.0.1:{taken}")
    assert f"127.0.0.1:{taken} is in use" in said
    assert f"--address 127.0.0.1:{taken + 1}" in said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("50051", "expected an address like"),
        ("::1:50051", "expected an address like"),
        ("[::1]", "expected an address like"),
        ("localhost:99999", "expected an address like"),
        ("192.0.2.1:50051", "cannot listen on 192.0.2.1:50051"),
        ("no-such-host.invalid:50051", "cannot listen on no-such-host.invalid:50051"),
    ],
)
def test_address_that_cannot_be_is_refused(given: str, message: str) -> None:
    with pytest.raises(address.AddressError, match=message):
        address.usable(given, print)


def wrong_weights(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.safetensors"
    good = (pretrained.FOLDER / "mlp-128-64.safetensors").read_bytes()
    if kind == "truncated":
        path.write_bytes(good[:-1000])
    elif kind == "nan":
        weights = dict(pretrained.load("mlp-128-64")[0])
        weights["fc1.bias"] = weights["fc1.bias"] * np.float32("nan")
        path.write_bytes(safetensors.encode(weights, {}))
    elif kind == "other":
        path.write_bytes((pretrained.FOLDER / "mlp-128.safetensors").read_bytes())
    elif kind == "pickle":
        path.write_bytes(b"PK\x03\x04 as torch.save writes it")
    elif kind == "text":
        path.write_bytes(b"weights? none")
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("truncated", "truncated.safetensors: "),
        ("nan", "fc1.bias holds NaN or infinity"),
        ("other", "fc3.weight is missing"),
        ("pickle", "torch.load(FILE, weights_only=True)"),
        ("text", "text.safetensors: "),
        ("absent", "does not exist"),
    ],
)
def test_wrong_weights_keep_the_server_from_starting(tmp_path: Path, kind: str, message: str) -> None:
    path = wrong_weights(kind, tmp_path)
    said = refused("--address", "127.0.0.1:0", "--model-weights", str(path))
    assert message in said
    assert str(path) in said


def test_unknown_architecture_is_refused_with_what_a_network_is_called() -> None:
    said = refused("--model-architecture", "resnet")
    assert "resnet" in said
    assert "mlp-300-100" in said


def test_missing_packages_are_named() -> None:
    program = "import sys; sys.modules['grpc'] = None; from infra.cli.main import main; main(['grpc'])"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert ended.returncode == 1
    assert "grpc is not installed: pip install 'scrawl[grpc]'" in ended.stderr
