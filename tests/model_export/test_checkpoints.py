"""Weights in files of others, and the way from safetensors to ONNX and back: `scrawl export`, `--weights`."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file

from functions.errors import FormatError, InvalidValueError
from functions.models.inference import Classifier, patch_onnx
from functions.models.manifest import ModelManifest
from infra.cli.main import main
from model_export import pretrained
from model_export.architectures import ARCHITECTURES, parameter_table
from model_export.export import export
from tests.support.digits.samples import digit_like, weights_with_biases

MODELS = list(ARCHITECTURES)
GRPC_NAMES = {
    "mlp-128": {"fc1": "linear_1", "fc2": "linear_2"},
    "mlp-128-64": {"fc1": "linear_1", "fc2": "linear_2", "fc3": "linear_3"},
    "conv-32-64": {"conv1": "conv2d_1", "conv2": "conv2d_2", "fc1": "linear_1", "fc2": "linear_2"},
}


def weights_of(model: str, seed: int = 1) -> dict[str, np.ndarray]:
    return weights_with_biases(dict(parameter_table(ARCHITECTURES[model].layers)), seed)


def grpc_names(model: str, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {GRPC_NAMES[model][name.split(".")[0]] + "." + name.split(".")[1]: w for name, w in weights.items()}


def assert_equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(found) == list(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, name)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("model", MODELS)
def test_checkpoint_as_pytorch_writes_it_loads(tmp_path: Path, model: str) -> None:
    weights, path = weights_of(model), tmp_path / "w.safetensors"
    save_file(dict(reversed(weights.items())), path, {"format": "pt"})
    found, metadata = pretrained.read(model, path)
    assert_equal(found, weights)
    assert metadata == {"format": "pt"}


@pytest.mark.parametrize("model", MODELS)
def test_checkpoint_with_the_grpc_servers_names_loads(tmp_path: Path, model: str) -> None:
    weights, path = weights_of(model), tmp_path / "w.safetensors"
    save_file(grpc_names(model, weights), path)
    assert_equal(pretrained.read(model, path)[0], weights)


@pytest.mark.parametrize("model", MODELS)
def test_onnx_of_our_own_and_back_is_the_same(tmp_path: Path, model: str) -> None:
    weights, path = weights_of(model), tmp_path / "w.onnx"
    files = export(model, weights)
    path.write_bytes(files["inference.onnx"])
    assert_equal(pretrained.read(model, path)[0], weights)
    other = weights_of(model, 2)
    manifest = msgspec.json.decode(files["manifest.json"], type=ModelManifest)
    renamed = tmp_path / "any-name"  # what it is, its content says
    renamed.write_bytes(patch_onnx(files["inference.onnx"], manifest, other))  # as the API and the page make it
    assert_equal(pretrained.read(model, renamed)[0], other)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_foreign_onnx_with_such_initializers_loads(tmp_path: Path, kind: type) -> None:
    weights = weights_of("mlp-128")
    initializers = [numpy_helper.from_array(w.astype(kind), n) for n, w in grpc_names("mlp-128", weights).items()]
    initializers += [numpy_helper.from_array(np.array([-1, 784], np.int64), "shape")]
    initializers += [numpy_helper.from_array(np.array(2.0, np.float32), "factor")]
    node = helper.make_node("Relu", ["x"], ["y"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 784]) for name in "xy"]
    onnx.save(
        helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], initializers)), tmp_path / "w.onnx"
    )
    assert_equal(pretrained.read("mlp-128", tmp_path / "w.onnx")[0], weights)


def test_wrong_tensors_are_named_as_the_file_names_them(tmp_path: Path) -> None:
    weights = grpc_names("conv-32-64", weights_of("conv-32-64"))
    weights["linear_1.weight"] = weights["linear_1.weight"].T.copy()
    del weights["conv2d_2.bias"]
    weights["linear_9.weight"] = np.zeros((1, 1), np.float32)
    save_file(weights, tmp_path / "w.safetensors")
    with pytest.raises(InvalidValueError) as caught:
        pretrained.read("conv-32-64", tmp_path / "w.safetensors")
    for part in (
        "these are no weights of conv-32-64",
        "conv2.bias is missing",
        "fc9.weight does not belong to it",
        "fc1.weight must be (128, 3136), got (3136, 128)",
        "fc1.weight is linear_1.weight",
        "fc9.weight is linear_9.weight",
    ):
        assert part in str(caught.value)


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    (tmp_path / "w.onnx").write_bytes(export("mlp-128-64", weights_of("mlp-128-64"))["inference.onnx"])
    message = (
        r"no weights of mlp-128: fc3.weight does not belong to it; .*fc2.weight must be \(10, 128\), got \(64, 128\)"
    )
    with pytest.raises(InvalidValueError, match=message):
        pretrained.read("mlp-128", tmp_path / "w.onnx")


def test_graph_without_weights_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "w.onnx").write_bytes(export("mlp-128", weights_of("mlp-128"))["train_step.onnx"])
    with pytest.raises(InvalidValueError, match=r"fc1.weight is missing; fc1.bias is missing"):
        pretrained.read("mlp-128", tmp_path / "w.onnx")


def test_tensor_under_both_names_is_refused(tmp_path: Path) -> None:
    weights = weights_of("mlp-128")
    save_file({**weights, "linear_1.bias": weights["fc1.bias"]}, tmp_path / "w.safetensors")
    with pytest.raises(InvalidValueError, match=r"both fc1.bias and linear_1.bias, which are the same tensor"):
        pretrained.read("mlp-128", tmp_path / "w.safetensors")


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")


def damaged_onnx(path: Path) -> None:
    model = onnx.ModelProto.FromString(export("mlp-128", weights_of("mlp-128"))["inference.onnx"])
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("w.safetensors", lambda path: path.write_bytes(b""), "starts with 8 bytes of header length, got 0"),
        ("w.safetensors", lambda path: path.write_bytes(b"text" * 9), "not a safetensors file"),
        ("w.pt", zipped, "this is a PyTorch checkpoint .*safetensors.torch.save_file"),
        ("w.onnx", lambda path: path.write_bytes(b""), "is no ONNX file: there is no graph in it"),
        ("w.onnx", lambda path: path.write_bytes(b"text" * 9), "is no ONNX file, or a damaged one"),
        ("w.onnx", damaged_onnx, "is damaged: an initializer's bytes do not fill its shape"),
    ],
)
def test_damaged_file_is_refused(tmp_path: Path, name: str, write: Callable[[Path], object], message: str) -> None:
    write(tmp_path / name)
    with pytest.raises(FormatError, match=message):
        pretrained.read("mlp-128", tmp_path / name)


def test_other_kinds_of_numbers_are_refused(tmp_path: Path) -> None:
    weights = weights_of("mlp-128")
    save_file({**weights, "fc1.bias": weights["fc1.bias"].astype(np.int8)}, tmp_path / "w.safetensors")
    with pytest.raises((FormatError, InvalidValueError), match=r"fc1.bias"):
        pretrained.read("mlp-128", tmp_path / "w.safetensors")


@pytest.mark.parametrize("model", MODELS)
def test_export_command_goes_from_safetensors_to_onnx_and_back(tmp_path: Path, model: str) -> None:
    weights = weights_of(model)
    save_file(grpc_names(model, weights), tmp_path / "first.safetensors", {"note": "kept"})
    there = invoke("export", model, "--weights", tmp_path / "first.safetensors", "--out", tmp_path / "new" / "w.onnx")
    assert there.exit_code == 0, there.output
    assert re.fullmatch(r".*w\.onnx: [\d,]+ bytes\n", there.output)
    onnx.checker.check_model(onnx.load(tmp_path / "new" / "w.onnx"), full_check=True)
    back = invoke("export", model, "--weights", tmp_path / "new" / "w.onnx", "--out", tmp_path / "w.safetensors")
    assert back.exit_code == 0, back.output
    assert_equal({name: load_file(tmp_path / "w.safetensors")[name] for name in weights}, weights)
    again = invoke("export", model, "--weights", tmp_path / "w.safetensors", "--out", tmp_path / "again.onnx")
    assert again.exit_code == 0
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "new" / "w.onnx").read_bytes()
    images = digit_like(5, seed=1)[0]
    graph = (tmp_path / "again.onnx").read_bytes()
    expected = Classifier(export(model, weights)["inference.onnx"], weights).log_probabilities(images)
    np.testing.assert_allclose(Classifier(graph, {}).log_probabilities(images), expected, atol=1e-5)


def test_export_command_keeps_what_the_file_says_of_itself(tmp_path: Path) -> None:
    save_file(weights_of("mlp-128"), tmp_path / "w.safetensors", {"note": "kept"})
    shown = invoke("export", "mlp-128", "--weights", tmp_path / "w.safetensors", "--out", tmp_path / "x.safetensors")
    assert shown.exit_code == 0
    assert pretrained.read("mlp-128", tmp_path / "x.safetensors")[1] == {"note": "kept", "model": "mlp-128"}


def test_export_command_refuses_plainly(tmp_path: Path) -> None:
    save_file(weights_of("mlp-128"), tmp_path / "w.safetensors")
    shown = invoke("export", "conv-32-64", "--weights", tmp_path / "w.safetensors", "--out", tmp_path / "x.onnx")
    assert shown.exit_code == 1
    assert "conv1.weight is missing" in shown.output
    assert not (tmp_path / "x.onnx").exists()


def test_json_as_the_api_and_the_page_write_it_loads(tmp_path: Path) -> None:
    weights, path = weights_of("conv-32-64"), tmp_path / "w.json"
    lists = {name: array.tolist() for name, array in weights.items()}
    body = {"model": "conv-32-64", "version": "3", "loss": None, "tensors": lists}
    path.write_bytes(b"\xef\xbb\xbf \n" + msgspec.json.format(msgspec.json.encode(body)))
    found, metadata = pretrained.read("conv-32-64", path)
    assert_equal(found, weights)
    assert metadata == {"model": "conv-32-64", "version": "3"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"weights": {}}', "there are none"),
        ('{"tensors": {"fc1.weight": [[1, 2], [3]', "truncated"),
        ('{"tensors": {"fc1.weight": [[1, 2], [3]]}}', "rows of unequal lengths"),
        ('{"tensors": {"fc1.weight": [["a"]]}}', "numbers in lists nested 2 deep"),
        ('{"tensors": {"fc1.weight": {}}}', "numbers in lists nested"),
    ],
)
def test_json_that_holds_no_weights_is_explained(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "w.json").write_text(text)
    with pytest.raises((FormatError, InvalidValueError), match=said):
        pretrained.read("mlp-128", tmp_path / "w.json")


def test_file_of_a_network_with_another_activation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(weights_of("mlp-128"), path, {"model": "mlp-128.tanh"})
    pretrained.read("mlp-128.tanh.drop20", path)  # dropout has no weights, and is not there in the end
    with pytest.raises(
        InvalidValueError, match=r"weights of mlp-128\.tanh, which has another activation than mlp-128$"
    ):
        pretrained.read("mlp-128", path)
    save_file(weights_of("mlp-128"), path, {"model": "my best"})
    pretrained.read("mlp-128", path)
