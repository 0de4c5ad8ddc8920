"""The Classifier and the exported files: weights replaced by name and by bytes give the same answers."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import pytest

from functions.errors import FormatError, InvalidValueError, NotFoundError
from functions.models.inference import Classifier, evaluate, patch_onnx
from functions.models.manifest import ModelManifest
from functions.models.training import initial_weights
from infra.paths import ROOT
from model_export import pretrained
from model_export.architectures import ARCHITECTURES, parameter_table
from model_export.export import export
from tests.support.digits.samples import digit_like, weights_with_biases

MODELS = list(ARCHITECTURES)


def test_onnx_runtime_neither_numbers_the_machine_nor_notes_what_to_send(tmp_path: Path) -> None:
    # By itself it does both in the home folder as soon as it loads, unless continuous integration is on.
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    loaded = [sys.executable, "-c", "import functions.models.inference"]
    subprocess.run(loaded, env=environment, cwd=ROOT, check=True)
    assert list(tmp_path.rglob("*")) == []


def weights_of(model: str, seed: int) -> dict[str, np.ndarray]:
    return weights_with_biases(dict(parameter_table(ARCHITECTURES[model].layers)), seed)


def manifest_of(files: dict[str, bytes]) -> ModelManifest:
    return msgspec.json.decode(files["manifest.json"], type=ModelManifest)


@pytest.mark.parametrize("model", MODELS)
def test_export_is_deterministic_and_its_manifest_describes_it(model: str) -> None:
    weights = weights_of(model, 1)
    files = export(model, weights)
    assert files == export(model, weights)
    manifest = manifest_of(files)
    assert manifest.shapes() == dict(parameter_table(ARCHITECTURES[model].layers))
    assert manifest.layers == ARCHITECTURES[model].layers
    for name, file in manifest.files.items():
        assert (file.bytes, file.sha256) == (len(files[name]), hashlib.sha256(files[name]).hexdigest())
    for parameter in manifest.parameters:
        raw = weights[parameter.name].tobytes()
        assert files["inference.onnx"][parameter.offset : parameter.offset + len(raw)] == raw


@pytest.mark.parametrize("model", MODELS)
def test_weights_replaced_by_name_by_bytes_and_by_export_agree(model: str) -> None:
    images, _ = digit_like(9, seed=1)
    weights = weights_of(model, 2)
    files = export(model, weights_of(model, 1))
    by_name = Classifier(files["inference.onnx"], weights).log_probabilities(images)
    patched = patch_onnx(files["inference.onnx"], manifest_of(files), weights)
    assert patched == export(model, weights)["inference.onnx"]
    by_bytes = onnxruntime.InferenceSession(patched).run(None, {"images": images})[0]
    np.testing.assert_allclose(by_name, by_bytes, atol=1e-5)  # layouts, so orders of sums, may differ
    np.testing.assert_allclose(np.exp(by_name).sum(1), 1, atol=1e-5)


def test_probabilities_belong_to_the_log_probabilities() -> None:
    images, _ = digit_like(3, seed=2)
    weights = weights_of("mlp-128", 3)
    classifier = Classifier(export("mlp-128", weights)["inference.onnx"], weights)
    np.testing.assert_allclose(
        np.log(classifier.probabilities(images)), classifier.log_probabilities(images), atol=1e-5
    )


def test_evaluation_counts_over_chunks() -> None:
    images, labels = digit_like(1234, seed=3)
    weights = weights_of("mlp-128", 4)
    classifier = Classifier(export("mlp-128", weights)["inference.onnx"], weights)
    scores = classifier.log_probabilities(images)
    loss, accuracy = evaluate(classifier, images, labels)
    assert loss == pytest.approx(-scores[np.arange(1234), labels].mean(), rel=1e-5)
    assert accuracy == (scores.argmax(1) == labels).mean()
    with pytest.raises(InvalidValueError, match="as many labels"):
        evaluate(classifier, images, labels[:-1])


def test_images_of_another_size_are_refused() -> None:
    weights = weights_of("mlp-128", 4)
    classifier = Classifier(export("mlp-128", weights)["inference.onnx"], weights)
    with pytest.raises(InvalidValueError, match=r"must be \(B, 784\), got \(1, 28, 28\)"):
        classifier.log_probabilities(np.zeros((1, 28, 28), np.float32))


def test_patching_refuses_what_does_not_fit() -> None:
    weights = weights_of("mlp-128", 5)
    files = export("mlp-128", weights)
    manifest = manifest_of(files)
    with pytest.raises(FormatError, match="bytes long, got 10"):
        patch_onnx(files["inference.onnx"][:10], manifest, weights)
    with pytest.raises(InvalidValueError, match=r"fc2.bias is missing"):
        patch_onnx(files["inference.onnx"], manifest, {n: w for n, w in weights.items() if n != "fc2.bias"})
    with pytest.raises(InvalidValueError, match=r"fc2.bias must be \(10,\), got \(11,\)"):
        patch_onnx(files["inference.onnx"], manifest, {**weights, "fc2.bias": np.zeros(11)})


def test_export_names_every_tensor_that_is_wrong() -> None:
    weights = weights_of("mlp-128", 6)
    weights["fc1.weight"] = weights["fc1.weight"].T
    weights["fc2.weight"] = np.full_like(weights["fc2.weight"], np.nan)
    del weights["fc1.bias"]
    weights["fc3.bias"] = np.zeros(3, np.float32)
    with pytest.raises(InvalidValueError) as caught:
        export("mlp-128", weights)
    for part in (
        "fc1.bias is missing",
        "fc3.bias does not belong",
        "fc1.weight must be (128, 784), got (784, 128)",
        "fc2.weight holds NaN",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("model", [file.stem for file in sorted(pretrained.FOLDER.glob("*.safetensors"))])
def test_shipped_weights_fit_and_say_how_they_came_about(model: str) -> None:
    weights, metadata = pretrained.load(model)
    export(model, weights)
    assert metadata["model"] == model
    assert float(metadata["accuracy"]) >= {"mlp-128": 0.986, "mlp-128-64": 0.989, "conv-32-64": 0.995}[model]


def test_unknown_or_unshipped_weights_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="'mlp' names no network"):
        pretrained.load("mlp")
    with pytest.raises(NotFoundError, match=r"for 'mlp-9', only for conv-32-64, .*`scrawl train mlp-9` makes some"):
        pretrained.load("mlp-9")


def test_written_weights_are_read_back_and_wrong_ones_refused(tmp_path: Path) -> None:
    weights = initial_weights(dict(parameter_table(ARCHITECTURES["mlp-128"].layers)), 0)
    pretrained.write(tmp_path / "w.safetensors", weights, {"model": "mlp-128", "accuracy": "0.5"})
    again, metadata = pretrained.read("mlp-128", tmp_path / "w.safetensors")
    assert metadata == {"model": "mlp-128", "accuracy": "0.5"}
    assert all(np.array_equal(again[name], weights[name]) for name in weights)
    with pytest.raises(InvalidValueError, match=r"fc3.weight is missing"):
        pretrained.read("mlp-128-64", tmp_path / "w.safetensors")
