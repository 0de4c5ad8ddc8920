"""`scrawl import-onnx`: other people's classifiers, found out how to feed, stored, and served by the API."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner, Result
from conftest import Api, serving
from onnx import TensorProto, helper

from functions.block import Block
from functions.errors import FormatError, InvalidValueError
from functions.manifest import ModelManifest
from functions.s3 import S3Store
from infra import registry
from infra.cli import main
from model_export import importing
from model_export.importing import import_onnx
from tests.onnx_models import SIZES, linear, model, saved
from tests.samples import digit_like

ROOT = Path(__file__).parents[1]
WEIGHT = np.random.default_rng(0).normal(0, 0.1, (784, 10)).astype(np.float32)  # (D, K)
IMAGES = digit_like(7, seed=1)[0]  # (B, D)


def softmax(scores: np.ndarray) -> np.ndarray:
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


EXPECTED = softmax(IMAGES @ WEIGHT)


def manifest_of(files: dict[str, bytes]) -> ModelManifest:
    return msgspec.json.decode(files["manifest.json"], type=ModelManifest)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["import-onnx", *arguments])


def predict(api: Api, name: str, image: np.ndarray) -> dict[str, Any]:
    answer = api("POST", f"/predict?model={name}", body={"tensor": image.tolist()})
    assert answer.status_code == 200, answer.body
    return answer.json_body


@pytest.mark.parametrize("layout", SIZES)
@pytest.mark.parametrize("batch", ["N", 1, 4])
@pytest.mark.parametrize(
    ("last", "kind"), [("", "scores"), ("Softmax", "probabilities"), ("LogSoftmax", "log_probabilities")]
)
def test_any_layout_batch_and_output_is_found_out_and_served(
    tmp_path: Path, api: Api, layout: str, batch: int | str, last: str, kind: str
) -> None:
    path = saved(tmp_path, linear(WEIGHT, (batch, *SIZES[layout]), last=last))
    files = import_onnx(path, "theirs")
    interface = manifest_of(files).interface
    assert interface is not None
    assert (interface.shape, interface.answers) == (SIZES[layout], kind)
    assert interface.batch == (None if batch == "N" else batch)
    registry.register(api.service._store, "theirs", files)
    answer = predict(api, "theirs", IMAGES[0])
    np.testing.assert_allclose(answer["probabilities"], EXPECTED[0], atol=1e-6)
    assert (answer["label"], answer["model"]) == (EXPECTED[0].argmax(), "theirs")
    several, identity = api.service.predictor("theirs").predict(IMAGES)  # more than a fixed batch, and no multiple
    np.testing.assert_allclose(several, EXPECTED, atol=1e-6)
    assert identity.version == answer["version"]


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(TensorProto.DOUBLE, 1e-6), (TensorProto.FLOAT16, 0.01)]
)  # half precision has three digits
def test_other_kinds_of_floats_are_fed(tmp_path: Path, api: Api, dtype: int, tolerance: float) -> None:
    files = import_onnx(saved(tmp_path, linear(WEIGHT, dtype=dtype, last="Softmax")), "theirs")
    registry.register(api.service._store, "theirs", files)
    np.testing.assert_allclose(predict(api, "theirs", IMAGES[0])["probabilities"], EXPECTED[0], atol=tolerance)


def test_bytes_are_fed_as_0_to_255(tmp_path: Path, api: Api) -> None:
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
    registry.register(api.service._store, "bytes", import_onnx(saved(tmp_path, made), "bytes"))
    np.testing.assert_allclose(predict(api, "bytes", IMAGES[0])["probabilities"], EXPECTED[0], atol=1e-5)


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


def test_batch_of_one_inside_a_free_one_is_noticed(tmp_path: Path, api: Api) -> None:
    files = import_onnx(saved(tmp_path, linear(WEIGHT, batch_in_graph=1)), "single")
    interface = manifest_of(files).interface
    assert interface is not None
    assert interface.batch == 1
    registry.register(api.service._store, "single", files)
    np.testing.assert_allclose(api.service.predictor("single").predict(IMAGES)[0], EXPECTED, atol=1e-6)


def test_weights_in_a_second_file_are_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(linear(WEIGHT), path, save_as_external_data=True, location="model.onnx.data", size_threshold=0)
    files = import_onnx(path, "theirs")
    (graph,) = (body for name, body in files.items() if name.endswith(".onnx"))
    scores = onnxruntime.InferenceSession(graph).run(None, {"images": IMAGES})[0]
    np.testing.assert_allclose(scores, IMAGES @ WEIGHT, atol=1e-5)
    (tmp_path / "model.onnx.data").unlink()
    with pytest.raises(
        FormatError, match=r"keeps its weights in another file, which cannot be read: .*model.onnx.data"
    ):
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
        (linear(WEIGHT, batch_in_graph=5), "it fails to run on images .* of 28×28 images"),
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
    monkeypatch.setattr("model_export.onnx_files.LARGEST", 10_000)
    with pytest.raises(InvalidValueError, match=r"bytes; at most 10,000 are accepted"):
        import_onnx(saved(tmp_path, linear(WEIGHT)), "theirs")


@pytest.mark.parametrize("name", ["", "-x", "Mine", "a/b", "..", "a" * 65, "ä", "mine.onnx"])
def test_impossible_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValueError, match="a name is 1 to 64 of a-z, 0-9 and -"):
        import_onnx(saved(tmp_path, linear(WEIGHT)), name)


@pytest.mark.parametrize("name", ["mlp-128", "mlp-128-64", "conv-32-64"])
def test_name_of_a_built_in_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValueError, match=f"{name!r} is the name of one of Scrawl's own models"):
        import_onnx(saved(tmp_path, linear(WEIGHT)), name)


@pytest.mark.parametrize("std", [0.0, float("nan"), float("inf")])
def test_impossible_pixels_are_refused(tmp_path: Path, std: float) -> None:
    with pytest.raises(InvalidValueError, match="std not 0"):
        import_onnx(saved(tmp_path, linear(WEIGHT)), "theirs", std=std)


@pytest.fixture
def imported(tmp_path: Path, api: Api) -> Api:
    registry.register(api.service._store, "theirs", import_onnx(saved(tmp_path, linear(WEIGHT)), "theirs"))
    return api


def test_imported_model_is_listed_as_one_that_cannot_be_trained(imported: Api) -> None:
    listed = {entry["model"]: entry for entry in imported("GET", "/").json_body["models"]}
    assert listed["theirs"] == {
        "model": "theirs",
        "title": "Imported from model.onnx",
        "trainable": False,
        "parameter_count": 7840,
        "layers": [],
        "parameters": [],
    }
    assert listed["mlp-128"]["trainable"] is True


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("GET", None),
        ("POST", {"tensors": {}}),
        ("PATCH", {"data": [{"target": 1, "image": [0] * 784}]}),
        ("DELETE", None),
    ],
)
def test_imported_model_has_no_weights(imported: Api, method: str, body: object) -> None:
    before = imported.service._store.keys("")
    answer = imported(method, "/weights?model=theirs", body=body)
    assert answer.status_code == 422
    assert answer.json_body["error"] == {
        "code": "invalid",
        "message": "'theirs' is an imported ONNX file: it recognises digits, but has no weights to read or train",
        "field": "model",
    }
    assert imported.service._store.keys("") == before


def test_wrong_tensor_is_refused_for_imported_models_too(imported: Api) -> None:
    answer = imported("POST", "/predict?model=theirs", body={"tensor": [0.5] * 783})
    assert answer.status_code == 422
    assert answer.json_body["error"]["message"] == "an image has 784 numbers, got 783"


def test_unknown_model_is_answered_with_those_there_are(imported: Api) -> None:
    answer = imported("POST", "/predict?model=nobody", body={"tensor": [0] * 784})
    assert answer.status_code == 404
    message = answer.json_body["error"]["message"]
    assert message.startswith("there is no model 'nobody'; there are: ")
    assert "theirs" in message


def test_damaged_graph_of_an_imported_model_is_named(imported: Api) -> None:
    (key,) = (key for key in imported.service._store.keys("models/theirs/") if key.endswith(".onnx"))
    imported.service._store.put(key, b"damaged")
    answer = imported("POST", "/predict?model=theirs", body={"tensor": [0] * 784})
    assert answer.status_code == 503
    assert f"{key} is damaged" in answer.json_body["error"]["message"]
    imported.service.warm_up()  # and keeps nobody from starting


def test_graph_that_this_onnx_runtime_does_not_load_is_named(imported: Api) -> None:
    """As after a deployment with an older one."""
    store = imported.service._store
    files = import_onnx_unchecked(linear(WEIGHT, last="Quantum").SerializeToString())
    registry.register(store, "newer", files)
    answer = imported("POST", "/predict?model=newer", body={"tensor": [0] * 784})
    assert answer.status_code == 503
    assert "cannot be loaded" in answer.json_body["error"]["message"]


def import_onnx_unchecked(graph: bytes) -> dict[str, bytes]:
    """Return the files of a model that could not be imported."""
    from functions.manifest import File, Interface

    interface = Interface("images", "float32", (784,), None, "scores")
    sha256 = importing.hashlib.sha256(graph).hexdigest()
    manifest = ModelManifest("newer", "Newer", (), (), 0, {"x.onnx": File(len(graph), sha256)}, interface)
    return {"x.onnx": graph, "manifest.json": msgspec.json.encode(manifest)}


def test_another_file_of_the_same_name_replaces_it_at_the_next_start(tmp_path: Path, bucket: S3Store) -> None:
    first = import_onnx(saved(tmp_path, linear(WEIGHT)), "theirs")
    second = import_onnx(saved(tmp_path, linear(-WEIGHT)), "theirs")
    assert registry.register(bucket, "theirs", first) is False
    with serving(bucket) as api:
        before = predict(api, "theirs", IMAGES[0])
        assert registry.register(bucket, "theirs", second) is True
        assert predict(api, "theirs", IMAGES[0]) == before
    with serving(bucket) as api:
        after = predict(api, "theirs", IMAGES[0])
    assert after["version"] != before["version"]
    np.testing.assert_allclose(after["probabilities"], softmax(-IMAGES @ WEIGHT)[0], atol=1e-6)


def fitted(test: Block, mean: float, std: float) -> np.ndarray:
    """Return (784, 10): least squares on the digits as they are fed, which recognises most of them."""
    fed = (test.images() - mean) / std
    return np.linalg.lstsq(fed.T @ fed + 10 * np.eye(784), fed.T @ (np.eye(10)[test.labels] - 0.1), rcond=None)[0]


def test_command_imports_into_a_bucket_and_says_how_good_it_is(tmp_path: Path, api: Api) -> None:
    test = api.service.dataset.first("test", 2000)
    path = saved(tmp_path, linear(fitted(test, 0, 1)))
    shown = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test")
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("Imported: POST /predict?model=theirs\nIt recognises ")
    assert "NOTICE" not in shown.output
    told = float(shown.output.split("recognises ")[1].split("%")[0])
    answers = [predict(api, "theirs", image)["label"] for image in test.images()[:200]]
    assert np.mean(answers == test.labels[:200]) == pytest.approx(told / 100, abs=0.1)  # a tenth of the digits
    again = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test")
    assert again.output.startswith("Replaced: ")


def test_command_notices_that_other_pixels_are_expected(tmp_path: Path, api: Api) -> None:
    weight = fitted(api.service.dataset.first("test", 2000), 1, -1)  # paper is 1, ink 0
    path = saved(tmp_path, linear(weight))
    shown = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test")
    assert "NOTICE: with --mean 1 --std -1 it would be" in shown.output
    better = shown.output.split("would be ")[1].split("%")[0]
    shown = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test", "--mean", "1", "--std", "-1")
    assert f"It recognises {better}% of" in shown.output
    assert "NOTICE" not in shown.output


def test_bucket_without_digits_takes_a_model_too(tmp_path: Path, empty_bucket: S3Store) -> None:
    shown = invoke(str(saved(tmp_path, linear(WEIGHT))), "--name", "theirs", "--bucket", "scrawl-test")
    assert (shown.exit_code, shown.output) == (0, "Imported: POST /predict?model=theirs\n")
    assert "models/theirs/manifest.json" in empty_bucket.keys("")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mlp-128", None, "'mlp-128' is the name of one of Scrawl's own models; choose another"),
        ("Mine!", None, "a name is 1 to 64 of a-z, 0-9 and -"),
        ("theirs", b"not ONNX", "is no ONNX file, or a damaged one"),
    ],
)
def test_command_refuses_plainly_and_stores_nothing(
    tmp_path: Path, bucket: S3Store, name: str, content: bytes | None, message: str
) -> None:
    before = bucket.keys("")
    path = saved(tmp_path, linear(WEIGHT) if content is None else content)
    shown = invoke(str(path), "--name", name, "--bucket", "scrawl-test")
    assert shown.exit_code == 1
    assert message in shown.output
    assert bucket.keys("") == before


def test_local_store_keeps_an_imported_model_through_seeding(tmp_path: Path) -> None:
    """With real processes, as a user does it."""
    from tests import idx_files

    folder = str(idx_files.write(tmp_path / "idx"))
    path = saved(tmp_path, linear(WEIGHT, last="Softmax"))
    for arguments in (["import-onnx", str(path), "--name", "theirs"], ["seed"]):
        ended = subprocess.run(
            [sys.executable, "-m", "infra.cli", *arguments, "--data-dir", str(tmp_path / "data")],
            cwd=ROOT,
            env=os.environ | {"MNIST_DIR": folder},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
    stored = tmp_path / "data" / "s3" / "models%2Ftheirs%2Fmanifest.json"
    assert json.loads(stored.read_bytes())["interface"]["answers"] == "probabilities"


def test_serving_needs_no_onnx_package(tmp_path: Path) -> None:
    graph = linear(WEIGHT).SerializeToString()
    (tmp_path / "graph").write_bytes(graph)
    (tmp_path / "manifest").write_bytes(import_onnx_unchecked(graph)["manifest.json"])
    program = """
import sys
sys.modules["onnx"] = None  # as where it is not installed
import msgspec, numpy as np
from pathlib import Path
import functions.app
from functions.imported import ImportedModel
from functions.manifest import ModelManifest
from functions.store import MemoryStore
folder, store = Path(sys.argv[1]), MemoryStore()
store.put("models/newer/x.onnx", (folder / "graph").read_bytes())
manifest = msgspec.json.decode((folder / "manifest").read_bytes(), type=ModelManifest)
print(ImportedModel(store, manifest, manifest.interface).predict(np.zeros((2, 784), np.float32))[0].tolist())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    np.testing.assert_allclose(json.loads(ended.stdout), np.full((2, 10), 0.1), atol=1e-6)
