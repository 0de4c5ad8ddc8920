"""What exporters write around a classifier's one output, and the kinds of answers easily taken for others."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from functions.errors import FormatError, InvalidValueError
from functions.models.imported import ImportedModel
from functions.models.manifest import ModelManifest
from functions.storage.memory import MemoryStore
from infra.dataset import imported_models
from infra.dataset.imported_models import Pixels, Score
from model_export.importing import import_onnx
from tests.support.digits.samples import digit_like
from tests.support.onnx_models import WEIGHT, linear, model, saved, softmax

IMAGES = digit_like(7, seed=1)[0]  # (B, D)
EXPECTED = softmax(IMAGES @ WEIGHT)
FLOAT = TensorProto.FLOAT

type End = tuple[str, int, Sequence[int | str] | None]  # name, kind and shape of an input or output


def answers_of(path: Path) -> tuple[str, NDArray[np.float32]]:
    """Return of which kind an imported file's answers are, and its probabilities for the seven images."""
    files = import_onnx(path, "theirs")
    manifest = msgspec.json.decode(files["manifest.json"], type=ModelManifest)
    store = MemoryStore()
    imported_models.register(store, "theirs", files)
    assert manifest.interface is not None
    return manifest.interface.answers, ImportedModel(store, manifest, manifest.interface).predict(IMAGES)[0]


def with_label(zip_map: bool, classes: range = range(10)) -> onnx.ModelProto:
    """Return a classifier with two outputs, as scikit-learn's converter writes it."""
    nodes = [
        helper.make_node("MatMul", ["images", "weight"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"]),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    outputs: list[End] = [("label", TensorProto.INT64, ["N"]), ("probabilities", FLOAT, ["N", 10])]
    made = model(nodes, [("images", FLOAT, ["N", 784])], outputs, {"weight": WEIGHT})
    if zip_map:
        maps = helper.make_node("ZipMap", ["probabilities"], ["maps"], "zip", domain="ai.onnx.ml")
        maps.attribute.append(helper.make_attribute("classlabels_int64s", list(classes)))
        made.graph.node.append(maps)
        made.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
        made.graph.output[1].CopyFrom(onnx.ValueInfoProto(name="maps"))
        each = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(FLOAT, None))
        made.graph.output[1].type.CopyFrom(helper.make_sequence_type_proto(each))
    return made


@pytest.mark.parametrize("zip_map", [True, False])
def test_probabilities_beside_a_label_are_taken(tmp_path: Path, zip_map: bool) -> None:
    kind, found = answers_of(saved(tmp_path, with_label(zip_map)))
    assert kind == "probabilities"
    np.testing.assert_allclose(found, EXPECTED, atol=1e-6)


def test_other_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"expected the classes 0 to 9, got \[1, 2"):
        answers_of(saved(tmp_path, with_label(zip_map=True, classes=range(1, 11))))


def test_output_that_is_listed_twice_is_one(tmp_path: Path) -> None:
    made = linear(WEIGHT)
    made.graph.output.append(made.graph.output[0])
    np.testing.assert_allclose(answers_of(saved(tmp_path, made))[1], EXPECTED, atol=1e-6)


def test_old_operator_set_is_converted(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["images", "weight"], ["scores"])]
    nodes.append(helper.make_node("Add", ["scores", "bias"], ["answer"], broadcast=1, axis=1))
    values = {"weight": WEIGHT, "bias": np.zeros(10, np.float32)}
    inputs: list[End] = [("images", FLOAT, ["N", 784]), ("weight", FLOAT, [784, 10]), ("bias", FLOAT, [10])]
    made = model(nodes, inputs, [("answer", FLOAT, ["N", 10])], values)
    made.ir_version = 3
    made.opset_import[0].version = 6
    np.testing.assert_allclose(answers_of(saved(tmp_path, made))[1], EXPECTED, atol=1e-6)


def test_sigmoids_are_shared_out_and_not_softmaxed(tmp_path: Path) -> None:
    kind, found = answers_of(saved(tmp_path, linear(WEIGHT, last="Sigmoid")))
    ones = 1 / (1 + np.exp(-(IMAGES @ WEIGHT)))
    assert kind == "sigmoids"
    np.testing.assert_allclose(found, ones / ones.sum(1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("batch", ["N", 1, 4])
def test_softmax_over_the_batch_is_refused(tmp_path: Path, batch: int | str) -> None:
    made = linear(WEIGHT, (batch, 784), last="Softmax")
    made.graph.node[-1].attribute.append(helper.make_attribute("axis", 0))
    with pytest.raises(InvalidValueError, match="depends on the other images of the batch"):
        answers_of(saved(tmp_path, made))


def test_network_that_cannot_read_a_blank_image_is_taken(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["most"], axes=[1], keepdims=1),
        helper.make_node("Div", ["images", "most"], ["pixels"]),  # 0 divided by 0
        helper.make_node("MatMul", ["pixels", "weight"], ["scores"]),
    ]
    made = model(nodes, [("images", FLOAT, ["N", 784])], [("scores", FLOAT, ["N", 10])], {"weight": WEIGHT})
    expected = softmax(IMAGES / IMAGES.max(1, keepdims=True) @ WEIGHT)
    np.testing.assert_allclose(answers_of(saved(tmp_path, made))[1], expected, rtol=1e-4)


def test_batch_that_only_the_output_tells_is_found(tmp_path: Path) -> None:
    made = linear(WEIGHT, batch_in_graph=4)
    made.graph.output[0].CopyFrom(helper.make_tensor_value_info("scores", FLOAT, [4, 10]))
    np.testing.assert_allclose(answers_of(saved(tmp_path, made))[1], EXPECTED, atol=1e-6)


def test_missing_second_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(linear(WEIGHT), path, save_as_external_data=True, location="model.data", size_threshold=0)
    (tmp_path / "model.data").unlink()
    with pytest.raises(FormatError, match=r"keeps its weights in model.data: put that file beside it"):
        answers_of(path)


@pytest.mark.parametrize(
    ("pixels", "normalisation", "options"),
    [
        (Pixels(), (0.0, 1.0), "no options"),
        (Pixels(0.1307, 0.3081), (0.1307, 0.3081), "--mean 0.1307 --std 0.3081"),
        (Pixels(scale=255), (0.0, 1 / 255), "--scale 255"),
        (Pixels(invert=True), (1.0, -1.0), "--invert"),
        (Pixels(0.5, 0.5, invert=True), (0.5, -0.5), "--mean 0.5 --std 0.5 --invert"),
    ],
)
def test_every_way_of_feeding_is_a_mean_and_a_std(
    pixels: Pixels, normalisation: tuple[float, float], options: str
) -> None:
    assert pixels.normalisation == pytest.approx(normalisation)
    assert str(pixels) == options


def test_likelihood_counts_where_accuracy_says_nothing() -> None:
    assert Score(0.97, 0.1).clearly_beats(Score(0.97, 0.5))
    assert not Score(0.97, 0.49).clearly_beats(Score(0.97, 0.5))
    assert not Score(0.90, 0.1).clearly_beats(Score(0.97, 0.5))
    assert Score(0.97, 0.6).clearly_beats(Score(0.90, 0.5))
