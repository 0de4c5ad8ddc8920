"""The gRPC server's services, asked by real clients: our own stub, tritonclient, reflection and health."""

import io
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from PIL import Image
from tritonclient.grpc import service_pb2, service_pb2_grpc

from functions.images.image_files import read_digit
from functions.models.inference import Classifier
from functions.prediction_warnings import of_file
from infra.rpc.protos import mnist_pb2, mnist_pb2_grpc
from model_export import pretrained
from model_export.architectures import architecture_named
from model_export.graphs import inference_graph
from tests.support.digits.samples import digit_like
from tests.support.servers.running_grpc import RunningGrpc

IMAGES = digit_like(3, seed=3)[0]  # (B, D)
MODEL = "mlp-128-64"
TIMEOUT = 60  # seconds, for calls that are to succeed


@pytest.fixture(scope="module")
def server() -> Iterator[RunningGrpc]:
    running = RunningGrpc()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def channel(server: RunningGrpc) -> Iterator[grpc.Channel]:
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(server.address, options) as opened:
        yield opened


@pytest.fixture(scope="module")
def network() -> Classifier:
    weights = pretrained.load(MODEL)[0]
    return Classifier(inference_graph(architecture_named(MODEL), weights), {})


def picture(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.round(pixels.reshape(28, 28) * 255).astype(np.uint8)).save(file, kind)
    return file.getvalue()


def mnist_stub(channel: grpc.Channel) -> mnist_pb2_grpc.MnistStub:
    return mnist_pb2_grpc.MnistStub(channel)  # type: ignore[no-untyped-call]  # generated


def predict(channel: grpc.Channel, data: bytes, **options: Any) -> mnist_pb2.MnistPrediction:
    message = mnist_pb2.MnistImage(data=data)
    answer: mnist_pb2.MnistPrediction = mnist_stub(channel).Predict(message, **({"timeout": TIMEOUT} | options))
    return answer


def infer(channel: grpc.Channel, request: service_pb2.ModelInferRequest, **options: Any) -> Any:
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    return stub.ModelInfer(request, **({"timeout": TIMEOUT} | options))


def request(images: np.ndarray, **other: Any) -> service_pb2.ModelInferRequest:
    tensor = {"name": "images", "datatype": "FP32", "shape": images.shape}
    made = {"model_name": MODEL, "inputs": [tensor], "raw_input_contents": [images.tobytes()]}
    return service_pb2.ModelInferRequest(**(made | other))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
@pytest.mark.parametrize("inverted", [False, True])
def test_encoded_image_is_recognised(channel: grpc.Channel, network: Classifier, kind: str, inverted: bool) -> None:
    for image in IMAGES:
        data = picture(1 - image if inverted else image, kind)
        expected = of_file(network.probabilities(read_digit(data).reshape(1, -1))[0])
        answer = predict(channel, data)
        assert answer.label == expected.argmax()
        np.testing.assert_allclose(answer.probabilities, expected, rtol=1e-5)
        assert sum(answer.probabilities) == pytest.approx(1, abs=1e-5)


def test_raw_tensors_are_answered_raw(channel: grpc.Channel, network: Classifier) -> None:
    answer = infer(channel, request(IMAGES, id="7", parameters={"mine": {"int64_param": 1}}))
    assert (answer.id, answer.model_name) == ("7", MODEL)
    assert [(t.name, t.datatype, list(t.shape)) for t in answer.outputs] == [
        ("probabilities", "FP32", [3, 10]),
        ("log_probabilities", "FP32", [3, 10]),
        ("label", "INT64", [3]),
    ]
    expected = network.probabilities(IMAGES)
    probabilities, logarithms, labels = answer.raw_output_contents
    np.testing.assert_allclose(np.frombuffer(probabilities, "<f4").reshape(3, 10), expected, rtol=1e-5)
    np.testing.assert_allclose(np.exp(np.frombuffer(logarithms, "<f4")).reshape(3, 10), expected, rtol=1e-5)
    np.testing.assert_array_equal(np.frombuffer(labels, "<i8"), expected.argmax(1))


@pytest.mark.parametrize(
    ("datatype", "field", "top"),
    [
        ("FP32", "fp32_contents", 1),
        ("FP64", "fp64_contents", 1),
        ("UINT8", "uint_contents", 255),
        ("INT32", "int_contents", 255),
        ("INT64", "int64_contents", 255),
        ("UINT8", "int_contents", 255),  # not the list of its datatype
    ],
)
def test_contents_are_answered_in_contents(
    channel: grpc.Channel, network: Classifier, datatype: str, field: str, top: int
) -> None:
    values = np.round(IMAGES * 255).astype(int).reshape(-1) if top == 255 else IMAGES.reshape(-1)
    tensor = {"name": "x", "datatype": datatype, "shape": [3, 28, 28], "contents": {field: values.tolist()}}
    asked = service_pb2.ModelInferRequest(
        model_name=MODEL, inputs=[tensor], outputs=[{"name": "label"}, {"name": "probabilities"}]
    )
    answer = infer(channel, asked)
    label, probabilities = (output.contents for output in answer.outputs)
    expected = network.probabilities(IMAGES)
    np.testing.assert_allclose(np.reshape(probabilities.fp32_contents, (3, 10)), expected, rtol=1e-5)
    assert list(label.int64_contents) == expected.argmax(1).tolist()
    assert not answer.raw_output_contents


def test_tritonclient_finds_its_way(server: RunningGrpc, network: Classifier) -> None:
    with triton.InferenceServerClient(server.address) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready(MODEL)
        assert client.get_server_metadata(as_json=True)["name"] == "scrawl"
        metadata = client.get_model_metadata(MODEL)
        assert (metadata.inputs[0].name, list(metadata.inputs[0].shape)) == ("images", [-1, 784])
        (version,) = metadata.versions
        sent = triton.InferInput("images", [3, 784], "FP32")
        sent.set_data_from_numpy(IMAGES)
        wanted = [triton.InferRequestedOutput("label"), triton.InferRequestedOutput("probabilities")]
        result = client.infer(MODEL, [sent], outputs=wanted, model_version=version, request_id="9")
        assert result.get_response().id == "9"
        np.testing.assert_allclose(result.as_numpy("probabilities"), network.probabilities(IMAGES), rtol=1e-5)
        np.testing.assert_array_equal(result.as_numpy("label"), network.probabilities(IMAGES).argmax(1))
        assert result.as_numpy("log_probabilities") is None


def test_reflection_is_enough_to_call_without_a_proto_file(channel: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)
    services = {"mnist.Mnist", "inference.GRPCInferenceService", "grpc.health.v1.Health"}
    assert services < set(database.get_services())
    pool = DescriptorPool(database)
    method = pool.FindServiceByName("mnist.Mnist").FindMethodByName("Predict")
    asked, answered = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    call = channel.unary_unary(
        "/mnist.Mnist/Predict", request_serializer=asked.SerializeToString, response_deserializer=answered.FromString
    )
    data = picture(IMAGES[0])
    assert call(asked(data=data), timeout=TIMEOUT).label == predict(channel, data).label


@pytest.mark.parametrize("service", ["", "mnist.Mnist", "inference.GRPCInferenceService"])
def test_services_are_healthy(channel: grpc.Channel, service: str) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_many_clients_at_once_are_all_answered_rightly(server: RunningGrpc, network: Classifier) -> None:
    expected = network.probabilities(IMAGES).argmax(1)

    def client(_: int) -> None:
        with grpc.insecure_channel(server.address) as own:
            for place, image in enumerate(IMAGES):
                answer = infer(own, request(image[None], outputs=[{"name": "label"}]))
                assert np.frombuffer(answer.raw_output_contents[0], "<i8").tolist() == [expected[place]]

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(client, range(32)))


def test_call_is_logged_with_the_clients_request_id(server: RunningGrpc, channel: grpc.Channel) -> None:
    mine = uuid.uuid4().hex
    stub = mnist_stub(channel)
    asked = mnist_pb2.MnistImage(data=picture(IMAGES[0]))
    _, call = stub.Predict.with_call(asked, timeout=TIMEOUT, metadata=[("x-request-id", mine)])
    assert ("x-request-id", mine) in call.initial_metadata()
    line = server.wait_for(lambda line: line.get("request_id") == mine)
    assert (line["level"], line["message"], line["method"]) == ("info", "call", "/mnist.Mnist/Predict")
    assert (line["code"], line["milliseconds"] > 0) == ("OK", True)


@pytest.mark.parametrize("given", [[], [("x-request-id", "two words")], [("x-request-id", "x" * 129)]])
def test_call_without_a_fit_request_id_gets_one(
    server: RunningGrpc, channel: grpc.Channel, given: list[tuple[str, str]]
) -> None:
    stub = mnist_stub(channel)
    _, call = stub.Predict.with_call(mnist_pb2.MnistImage(data=picture(IMAGES[0])), timeout=TIMEOUT, metadata=given)
    made = dict(call.initial_metadata())["x-request-id"]
    assert made not in [value for _, value in given]
    assert server.wait_for(lambda line: line.get("request_id") == made)["code"] == "OK"
