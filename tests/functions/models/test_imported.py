"""Imported models in the API: they predict, are listed, and have no weights."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.storage.memory import MemoryStore
from infra.dataset import imported_models
from infra.paths import ROOT
from model_export.importing import import_onnx
from tests.support.api import Api, serving
from tests.support.digits.samples import digit_like
from tests.support.onnx_models import SIZES, WEIGHT, linear, saved, softmax, unchecked_files

IMAGES = digit_like(2, seed=1)[0]  # (B, D)


def predict(api: Api, name: str, image: np.ndarray) -> dict[str, Any]:
    answer = api("POST", f"/predict?model={name}", body={"tensor": image.tolist()})
    assert answer.status_code == 200, answer.body
    return dict(answer.json_body)


@pytest.mark.parametrize("layout", SIZES)
@pytest.mark.parametrize("last", ["", "Softmax", "LogSoftmax"])
@pytest.mark.parametrize("batch", ["N", 4])
def test_imported_model_predicts(tmp_path: Path, api: Api, layout: str, last: str, batch: int | str) -> None:
    files = import_onnx(saved(tmp_path, linear(WEIGHT, (batch, *SIZES[layout]), last=last)), "theirs")
    imported_models.register(api.service._store, "theirs", files)
    for image, expected in zip(IMAGES, softmax(IMAGES @ WEIGHT), strict=True):
        answer = predict(api, "theirs", image)
        np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-6)
        assert (answer["label"], answer["model"]) == (expected.argmax(), "theirs")
        assert f"{answer['version']}.onnx" in files


@pytest.fixture
def imported(tmp_path: Path, api: Api) -> Api:
    imported_models.register(api.service._store, "theirs", import_onnx(saved(tmp_path, linear(WEIGHT)), "theirs"))
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
    files = unchecked_files(linear(WEIGHT, last="Quantum").SerializeToString(), "newer")
    imported_models.register(store, "newer", files)
    answer = imported("POST", "/predict?model=newer", body={"tensor": [0] * 784})
    assert answer.status_code == 503
    assert "cannot be loaded" in answer.json_body["error"]["message"]


def test_another_file_of_the_same_name_replaces_it_at_the_next_start(tmp_path: Path, memory: MemoryStore) -> None:
    first = import_onnx(saved(tmp_path, linear(WEIGHT)), "theirs")
    second = import_onnx(saved(tmp_path, linear(-WEIGHT)), "theirs")
    assert imported_models.register(memory, "theirs", first) is False
    with serving(memory) as api:
        before = predict(api, "theirs", IMAGES[0])
        assert imported_models.register(memory, "theirs", second) is True
        assert predict(api, "theirs", IMAGES[0]) == before
    with serving(memory) as api:
        after = predict(api, "theirs", IMAGES[0])
    assert after["version"] != before["version"]
    np.testing.assert_allclose(after["probabilities"], softmax(-IMAGES @ WEIGHT)[0], atol=1e-6)


def test_serving_needs_no_onnx_package(tmp_path: Path) -> None:
    graph = linear(WEIGHT).SerializeToString()
    (tmp_path / "graph").write_bytes(graph)
    (tmp_path / "manifest").write_bytes(unchecked_files(graph, "newer")["manifest.json"])
    program = """
import sys
sys.modules["onnx"] = None  # as where it is not installed
import msgspec, numpy as np
from pathlib import Path
import functions.app
from functions.models.imported import ImportedModel
from functions.models.manifest import ModelManifest
from functions.storage.memory import MemoryStore
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
