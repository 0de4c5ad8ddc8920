"""The files the page writes and opens, held against independent readers: onnx, onnxruntime, safetensors, IDX."""

import base64
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import safetensors.numpy
from onnx import TensorProto, helper
from scrawl.files import file_formats, idx_writer
from scrawl.files import onnx_weights as page_onnx
from scrawl.net.safetensors import FormatError, header_length, read_layout

from infra.dataset import idx as infra_idx
from infra.page.model_files import graphs
from model_export.architectures import architecture_named, parameter_table
from model_export.export import export
from model_export.pretrained import shipped_architectures

MODELS = [architecture.id for architecture in shipped_architectures()]


def random_weights(model: str) -> dict[str, np.ndarray]:
    table = parameter_table(architecture_named(model).layers)
    random = np.random.default_rng(1)
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in table}


def put_together(model: str, weights: dict[str, np.ndarray]) -> bytes:
    """Do what the page does: the pieces of the graph, then the weights at the places its own reader finds."""
    graph = json.loads(graphs())[model]
    file = bytearray(graph["bytes"])
    for offset, text in graph["pieces"]:
        piece = base64.b64decode(text)
        file[offset : offset + len(piece)] = piece
    for name, place in page_onnx.read_tensors(bytes(file), len(file)).items():
        if name in weights:
            file[place.start : place.end] = weights[name].tobytes()
    return bytes(file)


@pytest.mark.parametrize("model", MODELS)
def test_onnx_file_put_together_is_the_one_the_exporter_writes(model: str) -> None:
    weights = random_weights(model)
    assert put_together(model, weights) == export(model, weights)["inference.onnx"]


def test_onnx_runtime_runs_the_file_put_together() -> None:
    session = onnxruntime.InferenceSession(put_together("mlp-128", random_weights("mlp-128")))
    given = session.get_inputs()[0]
    answer = session.run(None, {given.name: np.zeros((1, 784), np.float32)})[0]
    assert np.exp(answer).sum() == pytest.approx(1, abs=1e-5)  # float32 log-probabilities


@pytest.mark.parametrize("model", MODELS)
def test_weights_are_found_in_an_onnx_file(model: str) -> None:
    weights = random_weights(model)
    file = export(model, weights)["inference.onnx"]
    found = page_onnx.read_tensors(file, len(file))
    for name, values in weights.items():
        assert found[name].shape == list(values.shape)
        assert file[found[name].start : found[name].end] == values.tobytes()
    networks = {name: dict(parameter_table(architecture_named(name).layers)) for name in MODELS}
    assert file_formats.fitting(found, networks) == model


def foreign_onnx(*tensors: onnx.TensorProto) -> bytes:
    graph = helper.make_graph([], "foreign", [], [], list(tensors))
    return helper.make_model(graph).SerializeToString()


def test_onnx_tensor_of_unpacked_floats_is_found() -> None:
    file = foreign_onnx(helper.make_tensor("fc1.bias", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0]))
    place = page_onnx.read_tensors(file, len(file))["fc1.bias"]
    assert np.frombuffer(file[place.start : place.end], "<f4").tolist() == [1, 2, 3]


def test_onnx_tensors_of_other_types_are_left_out() -> None:
    file = foreign_onnx(helper.make_tensor("shape", TensorProto.INT64, [2], [1, 784]))
    assert page_onnx.read_tensors(file, len(file)) == {}


def test_onnx_weights_in_a_second_file_are_refused() -> None:
    tensor = TensorProto(name="fc1.weight", data_type=TensorProto.FLOAT, dims=[128, 784])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    file = foreign_onnx(tensor)
    with pytest.raises(FormatError, match="second file"):
        page_onnx.read_tensors(file, len(file))


@pytest.mark.parametrize("kept", [1, 10, 200, 5000, -1])
def test_truncated_onnx_file_is_refused(kept: int) -> None:
    file = export("mlp-128", random_weights("mlp-128"))["inference.onnx"][:kept]
    with pytest.raises(FormatError, match="no ONNX file, or one that is cut off"):
        page_onnx.read_tensors(file, len(file))


def test_noise_is_no_onnx_file() -> None:
    noise = b"\x08" + np.random.default_rng(0).bytes(5000)
    with pytest.raises(FormatError):
        page_onnx.read_tensors(noise, len(noise))


def test_kinds_are_told_by_content() -> None:
    onnx_file = export("mlp-128", random_weights("mlp-128"))["inference.onnx"]
    assert file_formats.kind_of(onnx_file[:16]) == "onnx"
    assert file_formats.kind_of(safetensors.numpy.save({"a": np.zeros(1, np.float32)})[:16]) == "safetensors"
    assert file_formats.kind_of(b'{"model": "mlp-1') == "json"
    assert file_formats.kind_of(b"\xef\xbb\xbf \n{") == "json"
    header = (640).to_bytes(8, "little") + b'{"fc1.we'  # begins as an old PyTorch checkpoint does
    assert file_formats.kind_of(header) == "safetensors"


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"PK\x03\x04 and so on", "PyTorch checkpoint"),
        (b"\x80\x02}q\x00X\x05\x00\x00\x00", "PyTorch checkpoint"),
        (b"\x1f\x8b\x08\x00", "gzip file; unpack"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"%PDF-1.7", "a PDF"),
        (b"hello, world", "none of the files"),
    ],
)
def test_other_files_are_named(start: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        file_formats.kind_of(start)


@pytest.mark.parametrize(("size", "message"), [(0, "is empty"), (file_formats.LARGEST + 1, "too large: 65 MB")])
def test_size_is_checked_before_reading(size: int, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        file_formats.check_size("mine.safetensors", size)


def test_file_of_another_network_is_recognised() -> None:
    networks = {model: dict(parameter_table(architecture_named(model).layers)) for model in MODELS}
    data = safetensors.numpy.save(random_weights("conv-32-64"))
    size = header_length(data[:8], len(data))
    found = read_layout(json.loads(data[8 : 8 + size]), 8 + size, len(data))[0]
    assert file_formats.fitting(found, networks) == "conv-32-64"
    del found["fc2.bias"]
    with pytest.raises(FormatError, match=r"fits none of the networks\. mlp-128: .*fc1\.weight|fc2\.bias"):
        file_formats.fitting(found, networks)


def is_list(value: object) -> bool:
    return isinstance(value, list)


def test_nested_lists_are_checked_at_every_depth() -> None:
    assert file_formats.check_nested("w", [[1, 2], [3, 4]], [2, 2], is_list) == [[1, 2], [3, 4]]
    assert file_formats.check_nested("w", [1, 2], [2], is_list) == [[1, 2]]
    for nested in ([[1, 2]], [[1, 2], [3]], [1, 2], 7):
        with pytest.raises(FormatError, match="w needs lists of 2 at depth"):
            file_formats.check_nested("w", nested, [2, 2], is_list)


def test_nan_is_refused_by_name() -> None:
    with pytest.raises(FormatError, match=r"fc1\.bias holds NaN"):
        file_formats.first_not_finite(["fc1.weight", "fc1.bias"], lambda name: name == "fc1.weight")


def test_idx_pair_is_read_by_the_seeding_of_mnist() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (300, 784), np.uint8)
    labels = (np.arange(300) % 10).astype(np.uint8)
    read = infra_idx.images(idx_writer.images_header(300) + pictures.tobytes(), "images")
    assert np.array_equal(read, pictures)
    assert np.array_equal(infra_idx.labels(idx_writer.labels_header(300) + labels.tobytes(), "labels"), labels)
