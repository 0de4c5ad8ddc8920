"""POST /predict with a tensor."""

from typing import Any

import numpy as np
import pytest

from functions.dataset.block import Block
from functions.jobs.launchers import ThreadLauncher
from functions.models.inference import Classifier
from functions.models.model import SERVE_FOR
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from tests.support.api import Api, serving


@pytest.fixture
def some(api: Api) -> Block:
    return api.service.dataset.first("test", 1)


def ask(api: Api, tensor: object, query: str = "") -> dict[str, Any]:
    answer = api("POST", f"/predict{query}", body={"tensor": tensor})
    assert answer.status_code == 200, answer.body
    return dict(answer.json_body)


def test_prediction_is_what_the_network_says(api: Api, some: Block) -> None:
    version = api.service.model("mlp-128").weights.current()
    network = Classifier(api.service._store.get("models/mlp-128/inference.onnx").body, version.tensors)
    for image in some.images()[:5]:
        prediction = ask(api, image.tolist())
        expected = network.probabilities(image[np.newaxis])[0]
        np.testing.assert_allclose(prediction["probabilities"], expected, rtol=1e-6)
        assert prediction["label"] == expected.argmax()
        assert (prediction["model"], prediction["version"]) == ("mlp-128", version.version)


def test_most_test_digits_are_recognised(api: Api, some: Block) -> None:
    predictions = [ask(api, image.tolist())["label"] for image in some.images()[:100]]
    # 97 % or more of MNIST; scikit-learn's digits, which these weights have never seen, are harder.
    assert np.mean(predictions == some.labels[:100]) > 0.6


def test_prediction_follows_the_weights_at_once(api: Api, some: Block) -> None:
    image = some.images()[0].tolist()
    before = ask(api, image)
    taught = api("PATCH", "/weights", body={"data": [{"target": 1, "image": image}]}).json_body
    after = ask(api, image)
    assert after["version"] == taught["version"] != before["version"]
    assert after["probabilities"][1] > before["probabilities"][1]


def test_prediction_follows_weights_that_another_process_wrote_within_a_second(
    memory: MemoryStore, some: Block
) -> None:
    image = some.images()[0].tolist()
    now = 0.0
    api = Api(Service(Settings("b"), memory, ThreadLauncher(), clock=lambda: now))
    model = api.service.model("mlp-128")
    before = model.serving().version.version
    with serving(memory) as other:
        other("PATCH", "/weights", body={"data": [{"target": 1, "image": image}]})
    assert model.serving().version.version == before  # trusted for a while
    now += SERVE_FOR + 0.001
    assert model.serving().version.version == api.version != before


def test_blank_tensor_is_a_tensor(api: Api) -> None:
    assert sum(ask(api, [0] * 784)["probabilities"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("tensor", "field", "message"),
    [
        ([0.5] * 783, "tensor", "an image has 784 numbers, got 783"),
        ([0.5] * 785, "tensor", "an image has 784 numbers, got 785"),
        ([], "tensor", "an image has 784 numbers, got 0"),
        ([0.5] * 783 + [1.01], "tensor[783]", "pixels are 0 to 1, got 1.01"),
        ([-0.5] + [0.5] * 783, "tensor[0]", "pixels are 0 to 1, got -0.5"),
        ([0] * 700 + [255] * 84, "tensor[700]", "pixels are 0 to 1, got 255.0"),
        ([1e300] + [0] * 783, "tensor[0]", "pixels are 0 to 1, got 1e+300"),
        ([0.5] * 783 + ["0.5"], "tensor[783]", "expected `float`, got `str`"),
        ([0.5] * 783 + [None], "tensor[783]", "expected `float`, got `null`"),
        ([[0.5] * 28] * 28, "tensor[0]", "expected `float`, got `array`"),
        ("drawing", "tensor", "expected `array`, got `str`"),
    ],
)
def test_wrong_tensor_is_refused(api: Api, tensor: object, field: str, message: str) -> None:
    answer = api("POST", "/predict", body={"tensor": tensor})
    assert answer.status_code == 422
    assert answer.json_body == {"error": {"code": "invalid", "message": message, "field": field}}


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"0x1", b"1."])
def test_numbers_that_json_does_not_have_are_refused(api: Api, number: bytes) -> None:
    body = b'{"tensor":[' + b"0," * 783 + number + b"]}"
    answer = api("POST", "/predict", body=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json_body["error"]["message"]


def test_unknown_model_is_named(api: Api) -> None:
    answer = api("POST", "/predict?model=perceptron", body={"tensor": [0] * 784})
    assert answer.status_code == 404
    message = answer.json_body["error"]["message"]
    assert message.startswith("there is no model 'perceptron'; there are: ")
    assert "mlp-128" in message


@pytest.mark.parametrize("model", ["../data", "mlp-128/x", "%00", "MLP-128", "a" * 500])
def test_impossible_model_is_no_model(api: Api, model: str) -> None:
    assert api("POST", f"/predict?model={model}", body={"tensor": [0] * 784}).status_code == 404


def test_other_media_types_are_refused(api: Api) -> None:
    answer = api("POST", "/predict", body=b"tensor=1", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 415
    assert answer.json_body["error"]["code"] == "unsupported_media_type"


def test_damaged_graph_is_named(memory: MemoryStore) -> None:
    key = "models/mlp-128/inference.onnx"
    memory.put(key, memory.get(key).body[:-1])
    with serving(memory) as api:
        answer = api("POST", "/predict", body={"tensor": [0] * 784})
    assert answer.status_code == 503
    assert f"{key} is damaged" in answer.json_body["error"]["message"]
