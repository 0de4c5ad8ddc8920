"""Other people's classifiers: how each wants to be fed is found out; what is none is refused."""

from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from functions.errors import FormatError, InvalidValueError
from functions.models.imported import ImportedModel
from functions.models.manifest import ModelManifest
from functions.storage.memory import MemoryStore
from infra.dataset import imported_models
from model_export.importing import import_onnx
from tests.support.digits.samples import digit_like
from tests.support.onnx_models import SIZES, WEIGHT, linear, model, saved, softmax

IMAGES = digit_like(7, seed=1)[0]  # (B, D)
EXPECTED = softmax(IMAGES @ WEIGHT)


def manifest_of(files: dict[str, bytes]) -> ModelManifest:
    return msgspec.json.decode(files["manifest.json"], type=ModelManifest)


def probabilities(files: dict[str, bytes]) -> np.ndarray:
    """Return what the stored model gives for the seven images: more than a fixed batch of four, and no multiple."""
    store, manifest = MemoryStore(), manifest_of(files)
    imported_models.register(store, "theirs", files)
    assert manifest.interface is not None
    return ImportedModel(store, manifest, manifest.interface).predict(IMAGES)[0]


@pytest.mark.parametrize("layout", SIZES)
@pytest.mark.parametrize("batch", ["N", 1, 4])
@pytest.mark.parametrize(
    ("last", "kind"), [("", "scores"), ("Softmax", "probabilities"), ("LogSoftmax", "log_probabilities")]
)
def test_layout_batch_and_kind_of_output_are_found_out(
    tmp_path: Path, layout: str, batch: int | str, last: str, kind: str
) -> None:
    path = saved(tmp_path, linear(WEIGHT, (batch, *SIZES[layout]), last=last))
    files = import_onnx(path, "theirs")
    interface = manifest_of(files).interface
    assert interface is not None
    assert (interface.shape, interface.answers) == (SIZES[layout], kind)
    assert interface.batch == (None if batch == "N" else batch)
    np.testing.assert_allclose(probabilities(files), EXPECTED, atol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(TensorProto.DOUBLE, 1e-6), (TensorProto.FLOAT16, 0.01)]
)  # half precision has three digits
def test_other_kinds_of_floats_are_fed(tmp_path: Path, dtype: int, tolerance: float) -> None:
    files = import_onnx(saved(tmp_path, linear(WEIGHT, dtype=dtype, last="Softmax")), "theirs")
    np.testing.assert_allclose(probabilities(files), EXPECTED, atol=tolerance)


def test_bytes_are_fed_as_0_to_255(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["pixels", "weight"], ["scores"]),
    ]
    made = model(
        nodes,
        [("images", TensorProto.UINT8, ["N", 784])],
        [("scores", TensorProto.FLOAT, None)],
        {"weight": WEIGHT / 255},
    )
    np.testing.assert_allclose(probabilities(import_onnx(saved(tmp_path, made), "theirs")), EXPECTED, atol=1e-5)


def test_open_axes_are_resolved_by_trying(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["features"], kernel_shape=[28, 28]),
        helper.make_node("Flatten", ["features"], ["scores"]),
    ]
    made = model(
        nodes,
        [("images", TensorProto.FLOAT, ["N", "C", "R", "W"])],
        [("scores", TensorProto.FLOAT, None)],
        {"kernel": WEIGHT.T.reshape(10, 1, 28, 28).copy()},
    )
    interface = manifest_of(import_onnx(saved(tmp_path, made), "theirs")).interface
    assert interface is not None
    assert (interface.shape, interface.batch) == ((1, 28, 28), None)


def test_batch_of_one_inside_a_free_one_is_noticed(tmp_path: Path) -> None:
    files = import_onnx(saved(tmp_path, linear(WEIGHT, batch_in_graph=1)), "theirs")
    interface = manifest_of(files).interface
    assert interface is not None
    assert interface.batch == 1
    np.testing.assert_allclose(probabilities(files), EXPECTED, atol=1e-6)


def test_weights_in_a_second_file_are_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(linear(WEIGHT), path, save_as_external_data=True, location="model.onnx.data", size_threshold=0)
    files = import_onnx(path, "theirs")
    (graph,) = (body for name, body in files.items() if name.endswith(".onnx"))
    scores = onnxruntime.InferenceSession(graph).run(None, {"images": IMAGES})[0]
    np.testing.assert_allclose(scores, IMAGES @ WEIGHT, atol=1e-5)
    (tmp_path / "model.onnx.data").unlink()
    with pytest.raises(FormatError, match=r"keeps its weights in model.onnx.data: put that file beside it"):
        import_onnx(path, "theirs")


def two_outputs() -> onnx.ModelProto:
    made = linear(WEIGHT, last="Softmax")
    made.graph.output.append(helper.make_tensor_value_info("scores", TensorProto.FLOAT, None))
    return made


def two_inputs() -> onnx.ModelProto:
    made = linear(WEIGHT)
    made.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["N"]))
    return made


def no_input() -> onnx.ModelProto:
    return model([helper.make_node("Identity", ["w"], ["y"])], [], [("y", TensorProto.FLOAT, None)], {"w": WEIGHT})


def labels_only() -> onnx.ModelProto:
    made = linear(WEIGHT)
    made.graph.node.append(helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0))
    made.graph.output[0].CopyFrom(helper.make_tensor_value_info("label", TensorProto.INT64, None))
    return made


def batches_of_different_sizes() -> onnx.ModelProto:
    made = linear(WEIGHT, batch_in_graph=5)
    made.graph.node.append(helper.make_node("Reshape", ["scores", "other"], ["answer"]))
    made.graph.initializer.append(numpy_helper.from_array(np.array([4, 10], np.int64), "other"))
    made.graph.output[0].CopyFrom(helper.make_tensor_value_info("answer", TensorProto.FLOAT, None))
    return made


def other_domain() -> onnx.ModelProto:
    made = linear(WEIGHT, last="Quantum")
    made.graph.node[-1].domain = "somebody.else"
    made.opset_import.append(helper.make_opsetid("somebody.else", 1))
    return made


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (b"", "no ONNX file: there is no graph in it"),
        (b"just some text, no protobuf", "no ONNX file, or a damaged one"),
        (linear(WEIGHT).SerializeToString()[:-500], "no ONNX file, or a damaged one"),
        (no_input(), r"expected one input of images: .*; got no input at all"),
        (two_inputs(), r"expected one input of images: .*; got images .*, mask"),
        (linear(WEIGHT, ("N", 3, 224, 224)), r"got images tensor\(float\) \(N, 3, 224, 224\)"),
        (linear(WEIGHT, (784,)), r"got images tensor\(float\) \(784\)"),
        (linear(WEIGHT, ("N", 2000, 28, 28)), "expected one input of images"),
        (linear(WEIGHT, (2000, 784)), "a fixed batch may be 1024 at most, this one is 2000"),
        (two_outputs(), "expected one output, 10 numbers per image; got 2: answer .*, scores"),
        (labels_only(), "expected 10 numbers per image; the output is of int64"),
        (linear(WEIGHT, last="Quantum"), "cannot run this graph: .*Quantum"),
        (other_domain(), "cannot run this graph: .*somebody.else:Quantum"),
        (linear(WEIGHT[:, :9]), r"expected 10 classes, .* got \(3, 9\)"),
        (linear(np.hstack([WEIGHT, WEIGHT])), r"expected 10 classes, .* got \(3, 20\)"),
        (linear(np.full_like(WEIGHT, np.nan)), "the output for ordinary images is NaN"),
        (batches_of_different_sizes(), "it fails to run on images .* if a batch size is written into the graph"),
    ],
)
def test_what_is_no_classifier_of_digits_is_refused(
    tmp_path: Path, made: onnx.ModelProto | bytes, message: str
) -> None:
    with pytest.raises((FormatError, InvalidValueError), match=message):
        import_onnx(saved(tmp_path, made), "theirs")


def test_input_of_integers_is_no_image(tmp_path: Path) -> None:
    nodes = [helper.make_node("Cast", ["tokens"], ["scores"], to=TensorProto.FLOAT)]
    made = model(nodes, [("tokens", TensorProto.INT64, ["N", 784])], [("scores", TensorProto.FLOAT, None)], {})
    with pytest.raises(InvalidValueError, match=r"expected one input of images: .*; got tokens tensor\(int64\)"):
        import_onnx(saved(tmp_path, made), "theirs")


def test_enormous_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_export.checkpoints.LARGEST_ONNX", 10_000)
    with pytest.raises(InvalidValueError, match=r"bytes; at most 10,000 are accepted"):
        import_onnx(saved(tmp_path, linear(WEIGHT)), "theirs")


@pytest.mark.parametrize("name", ["", "-x", "Mine", "a/b", "..", "a" * 65, "ä", "mine.onnx"])
def test_impossible_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValueError, match="a name is 1 to 64 of a-z, 0-9 and -"):
        import_onnx(saved(tmp_path, linear(WEIGHT)), name)


@pytest.mark.parametrize("name", ["mlp-128", "conv-32-64", "mlp-200"])
def test_name_of_a_built_in_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValueError, match=f"{name!r} is the name of one of Scrawl's own networks"):
        import_onnx(saved(tmp_path, linear(WEIGHT)), name)


@pytest.mark.parametrize("std", [0.0, float("nan"), float("inf")])
def test_impossible_pixels_are_refused(tmp_path: Path, std: float) -> None:
    with pytest.raises(InvalidValueError, match="std not 0"):
        import_onnx(saved(tmp_path, linear(WEIGHT)), "theirs", std=std)
