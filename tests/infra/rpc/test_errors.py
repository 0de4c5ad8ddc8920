"""What the gRPC server answers to calls that are wrong, too large or too late: a status, and what was expected."""

import io
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_reflection.v1alpha import reflection_pb2_grpc
from PIL import Image
from tritonclient.grpc import service_pb2, service_pb2_grpc

from infra.rpc.protos import mnist_pb2, mnist_pb2_grpc
from tests.support.servers.running_grpc import RunningGrpc

MODEL = "conv-32-64"
TIMEOUT = 60  # seconds, for calls that are to be refused
IMAGE = np.full((1, 784), 0.5, np.float32)
Code = grpc.StatusCode


@pytest.fixture(scope="module")
def server() -> Iterator[RunningGrpc]:
    running = RunningGrpc("--model-architecture", "conv")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def channel(server: RunningGrpc) -> Iterator[grpc.Channel]:
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server.address, options) as opened:
        yield opened


def failure(call: Callable[[], object]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()


def failure_or_none(call: Callable[[], object]) -> tuple[grpc.StatusCode, str] | None:
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), error.details()
    return None


def mnist_stub(channel: grpc.Channel) -> mnist_pb2_grpc.MnistStub:
    return mnist_pb2_grpc.MnistStub(channel)  # type: ignore[no-untyped-call]  # generated


def predict(channel: grpc.Channel, data: bytes) -> Any:
    return mnist_stub(channel).Predict(mnist_pb2.MnistImage(data=data), timeout=TIMEOUT)


def tensor(**other: Any) -> dict[str, Any]:
    return {"name": "images", "datatype": "FP32", "shape": [1, 784]} | other


def infer(channel: grpc.Channel, timeout: float = TIMEOUT, **other: Any) -> Any:
    made = {"model_name": MODEL, "inputs": [tensor()], "raw_input_contents": [IMAGE.tobytes()]} | other
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    return stub.ModelInfer(service_pb2.ModelInferRequest(**made), timeout=timeout)


def png(width: int, height: int, ink: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height), ink).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: b"", "expected an image"),
        (lambda: b"not an image", "expected an image"),
        (lambda: png(40, 40)[:50], "truncated or damaged"),
        (lambda: png(40, 40), "blank"),
        (lambda: png(40, 40, 255), "blank"),
        (lambda: png(10_001, 3), "10,000 on a side"),
        (lambda: png(5000, 4001), "20 million pixels"),  # made in the test, not whenever tests are collected
    ],
    ids=["nothing", "text", "truncated", "black", "white", "long", "large"],
)
def test_data_that_is_no_drawing_is_an_invalid_argument(
    channel: grpc.Channel, data: Callable[[], bytes], message: str
) -> None:
    sent = data()
    code, details = failure(lambda: predict(channel, sent))
    assert code is Code.INVALID_ARGUMENT
    assert message in details


@pytest.mark.parametrize(
    ("strokes", "pen", "message"),
    [
        ([], None, "there is no point in the strokes: draw something"),
        ([[]], None, "draw something"),
        ([[(0, float("nan"))]], None, "coordinates are finite numbers"),
        ([[(0, float("inf")), (1, 1)]], None, "coordinates are finite numbers"),
        ([[(0, 0)] * 4001], None, "4000 points and strokes, got more"),
        ([[(0, 0), (1, 1)]], 0.0, "a pen is 0.07 to 0.13"),
        ([[(0, 0), (1, 1)]], float("nan"), "got nan"),
    ],
)
def test_strokes_that_are_no_drawing_are_an_invalid_argument(
    channel: grpc.Channel, strokes: list[list[tuple[float, float]]], pen: float | None, message: str
) -> None:
    made = [mnist_pb2.Stroke(points=[mnist_pb2.Point(x=x, y=y) for x, y in stroke]) for stroke in strokes]
    asked = mnist_pb2.MnistInk(strokes=made, pen=pen)
    code, details = failure(lambda: mnist_stub(channel).PredictInk(asked, timeout=TIMEOUT))
    assert code is Code.INVALID_ARGUMENT
    assert message in details


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"inputs": []}, "expected exactly one input, the images, got none"),
        ({"inputs": [tensor(), tensor(name="x")]}, "expected exactly one input, the images, got 'images', 'x'"),
        ({"inputs": [tensor(shape=[1, 783])]}, "the shape must be [B,784]"),
        ({"inputs": [tensor(shape=[-1, 784])]}, "a batch has 1 to 4000 images, got -1"),
        ({"inputs": [tensor(shape=[2, 784])]}, "FP32 [2, 784] takes 6272 bytes, got 3136"),
        ({"inputs": [tensor(datatype="BYTES")]}, "the datatype must be FP32"),
        ({"raw_input_contents": []}, "FP32 is expected in raw_input_contents or in one list"),
        ({"inputs": [tensor(datatype="FP16")], "raw_input_contents": []}, "FP16 is expected in raw_input_contents"),
        ({"raw_input_contents": [b"", b""]}, "there is one input, but 2 raw_input_contents"),
        ({"inputs": [tensor(contents={"fp32_contents": [0.5]})]}, "both contents and raw_input_contents"),
        (
            {"inputs": [tensor(contents={"fp32_contents": [0.5]})], "raw_input_contents": []},
            "the shape [1, 784] has 784 elements, data has 1",
        ),
        ({"raw_input_contents": [(IMAGE * 4).tobytes()]}, "pixels of FP32 are 0 to 1, got 2 at 0"),
        ({"raw_input_contents": [(IMAGE * np.nan).tobytes()]}, "got nan at 0"),
        ({"outputs": [{"name": "scores"}]}, "there are: probabilities, log_probabilities, label"),
        (
            {"outputs": [{"name": "label", "parameters": {"classification": {"int64_param": 3}}}]},
            "output 'label': the parameter 'classification' is not supported here",
        ),
        (
            {"inputs": [tensor(parameters={"shared_memory_region": {"string_param": "a"}})]},
            "'shared_memory_region' is not supported here",
        ),
    ],
)
def test_wrong_tensor_is_an_invalid_argument(channel: grpc.Channel, other: dict[str, Any], message: str) -> None:
    code, details = failure(lambda: infer(channel, **other))
    assert code is Code.INVALID_ARGUMENT
    assert message in details


def test_bytes_that_are_no_message_are_an_invalid_argument(channel: grpc.Channel) -> None:
    call = channel.unary_unary("/mnist.Mnist/Predict")
    assert failure(lambda: call(b"\xff\xff\xff", timeout=TIMEOUT)) == (
        Code.INVALID_ARGUMENT,
        "expected a protobuf message of this method, got 3 other bytes",
    )


def test_unknown_model_and_version_are_not_found(channel: grpc.Channel) -> None:
    code, details = failure(lambda: infer(channel, model_name="nobody"))
    assert code is Code.NOT_FOUND
    assert details.startswith("there is no model 'nobody'; there is: conv-32-64. `scrawl grpc` serves another with ")
    code, details = failure(lambda: infer(channel, model_version="1"))
    assert code is Code.NOT_FOUND
    assert details.startswith("conv-32-64 has no version '1'; there is: ")
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    for ask, message in (
        (stub.ModelReady, service_pb2.ModelReadyRequest(name="nobody")),
        (stub.ModelMetadata, service_pb2.ModelMetadataRequest(name=MODEL, version="2")),
    ):
        assert failure(partial(ask, message, timeout=TIMEOUT))[0] is Code.NOT_FOUND


def test_unknown_method_is_unimplemented(channel: grpc.Channel) -> None:
    call = channel.unary_unary("/mnist.Mnist/Train")
    assert failure(lambda: call(b"", timeout=TIMEOUT))[0] is Code.UNIMPLEMENTED


def test_message_beyond_the_limit_is_refused_and_the_server_continues(channel: grpc.Channel) -> None:
    code, details = failure(lambda: predict(channel, bytes(17 * 1024 * 1024)))
    assert code is Code.RESOURCE_EXHAUSTED
    assert str(16 * 1024 * 1024) in details
    assert infer(channel).model_name == MODEL


def test_deadline_is_kept_and_ends_the_work(server: RunningGrpc, channel: grpc.Channel) -> None:
    """4,000 images take the ConvNet half a second and more; the server gives up between two parts of them.

    It is asked with longer and longer deadlines, because on a busy machine a call's may pass before it has started.
    """
    images = np.zeros((4000, 784), np.uint8)
    made = service_pb2.ModelInferRequest(
        model_name=MODEL,
        inputs=[tensor(datatype="UINT8", shape=images.shape)],
        raw_input_contents=[images.tobytes()],
    )
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    ids = [("x-request-id", uuid.uuid4().hex)]
    for timeout in (0.1, 0.15, 0.2, 0.3):
        code, _ = failure(partial(stub.ModelInfer, made, timeout=timeout, metadata=ids))
        assert code is Code.DEADLINE_EXCEEDED
        assert infer(channel).model_name == MODEL
        if [line for line in server.logs if line.get("request_id") == ids[0][1]]:
            break
    line = server.wait_for(lambda line: line.get("request_id") == ids[0][1])
    assert (line["code"], line["error"]) == ("DEADLINE_EXCEEDED", "the deadline has passed")


@pytest.fixture
def hold(channel: grpc.Channel) -> Iterator[Callable[[], None]]:
    """Return what opens a reflection stream that waits for questions; they end with the test."""
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    over, streams = threading.Event(), []

    def questions() -> Iterator[Any]:
        over.wait(TIMEOUT)
        yield from ()

    yield lambda: streams.append(stub.ServerReflectionInfo(questions()))
    over.set()
    for stream in streams:
        stream.cancel()


def test_streams_that_are_held_open_do_not_keep_calls_waiting(
    channel: grpc.Channel, hold: Callable[[], None]
) -> None:
    for _ in range(20):
        hold()
        assert infer(channel).model_name == MODEL


def test_calls_beyond_the_limit_are_refused(channel: grpc.Channel, hold: Callable[[], None]) -> None:
    for _ in range(100):
        hold()
        if refusal := failure_or_none(lambda: infer(channel)):
            break
    assert refusal is not None
    assert refusal[0] is Code.RESOURCE_EXHAUSTED


def test_calls_are_answered_again_when_others_have_ended(channel: grpc.Channel) -> None:
    assert None in (failure_or_none(lambda: infer(channel)) for _ in range(200))


def test_refusal_is_logged_with_its_reason(server: RunningGrpc, channel: grpc.Channel) -> None:
    mine = uuid.uuid4().hex
    stub = mnist_stub(channel)
    failure(lambda: stub.Predict(mnist_pb2.MnistImage(), timeout=TIMEOUT, metadata=[("x-request-id", mine)]))
    line = server.wait_for(lambda line: line.get("request_id") == mine)
    assert (line["level"], line["code"]) == ("info", "INVALID_ARGUMENT")
    assert line["error"].startswith("expected an image")
