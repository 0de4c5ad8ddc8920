"""ONNX files that the page writes and opens, compared with onnx, ONNX Runtime and the exporter."""

import base64
import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from scrawl.files import foreign_networks, onnx_weights
from scrawl.net.safetensors import FormatError

from infra.page.model_files import graphs
from model_export.architectures import architecture_named, parameter_table
from model_export.export import export
from model_export.pretrained import shipped_architectures

MODELS = [architecture.id for architecture in shipped_architectures()]


def random_weights(model: str) -> dict[str, np.ndarray]:
    table = parameter_table(architecture_named(model).layers)
    random = np.random.default_rng(1)
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in table}


def assembled(model: str, weights: dict[str, np.ndarray]) -> bytes:
    """Do what the page does: copy the pieces of the graph, then the weights to where its own reader finds them."""
    graph = json.loads(graphs())[model]
    file = bytearray(graph["bytes"])
    for offset, text in graph["pieces"]:
        piece = base64.b64decode(text)
        file[offset : offset + len(piece)] = piece
    for name, place in onnx_weights.read_tensors(bytes(file), len(file)).items():
        if name in weights:
            file[place.start : place.end] = weights[name].tobytes()
    return bytes(file)


@pytest.mark.parametrize("model", MODELS)
def test_assembled_onnx_file_is_the_exporters(model: str) -> None:
    weights = random_weights(model)
    assert assembled(model, weights) == export(model, weights)["inference.onnx"]


def test_onnx_runtime_runs_the_assembled_file() -> None:
    session = onnxruntime.InferenceSession(assembled("mlp-128", random_weights("mlp-128")))
    given = session.get_inputs()[0]
    answer = session.run(None, {given.name: np.zeros((1, 784), np.float32)})[0]
    assert np.exp(answer).sum() == pytest.approx(1, abs=1e-5)  # float32 log-probabilities


@pytest.mark.parametrize("model", MODELS)
def test_weights_are_found_in_an_onnx_file(model: str) -> None:
    weights = random_weights(model)
    file = export(model, weights)["inference.onnx"]
    found = onnx_weights.read_tensors(file, len(file))
    for name, values in weights.items():
        assert found[name].shape == list(values.shape)
        assert file[found[name].start : found[name].end] == values.tobytes()
    networks = {name: dict(parameter_table(architecture_named(name).layers)) for name in MODELS}
    assert foreign_networks.recognised(found, {}, networks)[0] == model


def foreign_onnx(*tensors: onnx.TensorProto) -> bytes:
    graph = helper.make_graph([], "foreign", [], [], list(tensors))
    file: bytes = helper.make_model(graph).SerializeToString()
    return file


def test_onnx_tensor_of_unpacked_floats_is_found() -> None:
    file = foreign_onnx(helper.make_tensor("fc1.bias", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0]))
    place = onnx_weights.read_tensors(file, len(file))["fc1.bias"]
    assert np.frombuffer(file[place.start : place.end], "<f4").tolist() == [1, 2, 3]


def test_onnx_tensors_of_other_types_are_left_out() -> None:
    file = foreign_onnx(helper.make_tensor("shape", TensorProto.INT64, [2], [1, 784]))
    assert onnx_weights.read_tensors(file, len(file)) == {}


def test_onnx_weights_in_a_second_file_are_refused() -> None:
    tensor = TensorProto(name="fc1.weight", data_type=TensorProto.FLOAT, dims=[128, 784])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    file = foreign_onnx(tensor)
    with pytest.raises(FormatError, match="second file"):
        onnx_weights.read_tensors(file, len(file))


@pytest.mark.parametrize("kept", [1, 10, 200, 5000, -1])
def test_truncated_onnx_file_is_refused(kept: int) -> None:
    file = export("mlp-128", random_weights("mlp-128"))["inference.onnx"][:kept]
    with pytest.raises(FormatError, match="no ONNX file, or one that is cut off"):
        onnx_weights.read_tensors(file, len(file))


def test_noise_is_no_onnx_file() -> None:
    noise = b"\x08" + np.random.default_rng(0).bytes(5000)
    with pytest.raises(FormatError):
        onnx_weights.read_tensors(noise, len(noise))
