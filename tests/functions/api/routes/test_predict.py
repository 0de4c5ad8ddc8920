"""POST /predict with tensors and with image files; how the files are read is tested with `images`."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from chalice.test import HTTPResponse
from PIL import Image

from functions.api import requests
from functions.api.request_types import MOST_IN_JSON
from functions.dataset.block import Block
from functions.jobs.launchers import ThreadLauncher
from functions.models.calibration import probabilities
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


def test_prediction_is_the_networks(api: Api, some: Block) -> None:
    version = api.service.model("mlp-128").weights.current()
    network = Classifier(api.service._store.get("models/mlp-128/inference.onnx").body, version.tensors)
    for image in some.images()[:5]:
        prediction = ask(api, image.tolist())
        expected = probabilities(network.log_probabilities(image[np.newaxis]), version.temperature)[0]
        np.testing.assert_allclose(prediction["probabilities"], expected, rtol=1e-6)
        assert prediction["label"] == expected.argmax()
        assert (prediction["model"], prediction["version"]) == ("mlp-128", version.version)


@pytest.mark.usefixtures("mnist")
@pytest.mark.parametrize("picture", ["noise", "nothing", "a blot"])
def test_what_is_unlike_any_digit_is_said(api: Api, some: Block, picture: str) -> None:
    made = np.zeros((28, 28))
    if picture == "noise":
        made = np.random.default_rng(0).random((28, 28))
    elif picture == "a blot":
        made[4:24, 4:24] = 1
    (warning,) = ask(api, made.reshape(-1).tolist())["warnings"]
    assert warning["code"] == "unlike_any_digit"
    assert "unlike any digit" in warning["message"]
    digit = some.images()[0].tolist()
    assert "warnings" not in ask(api, digit)
    both = api("POST", "/predict", body={"tensors": [made.reshape(-1).tolist(), digit]}).json_body["predictions"]
    assert ["warnings" in guess for guess in both] == [True, False]


def test_most_test_digits_are_recognised(api: Api, some: Block) -> None:
    predictions = [ask(api, image.tolist())["label"] for image in some.images()[:100]]
    # 97 % or more of MNIST; scikit-learn's digits, which these weights have never seen, are harder.
    assert np.mean(predictions == some.labels[:100]) > 0.6


def test_prediction_follows_the_weights_at_once(api: Api, some: Block) -> None:
    image = some.images()[0].tolist()
    before = ask(api, image)
    lesson = {"data": [{"target": 1, "image": image}]}
    taught = api("PATCH", "/weights?learning_rate=0.001", body=lesson).json_body  # little: it may teach nonsense
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
        ("drawing", "tensor", "expected `array | null`, got `str`"),
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
    answer = api("POST", "/predict", body=b"tensor=1", headers={"Content-Type": "text/html"})
    assert answer.status_code == 415
    assert answer.json_body["error"]["code"] == "unsupported_media_type"


def test_damaged_graph_is_named(memory: MemoryStore) -> None:
    key = "models/mlp-128/inference.onnx"
    memory.put(key, memory.get(key).body[:-1])
    with serving(memory) as api:
        answer = api("POST", "/predict", body={"tensor": [0] * 784})
    assert answer.status_code == 503
    assert f"{key} is damaged" in answer.json_body["error"]["message"]


def picture(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    """Return a file, black on white and larger than the digit."""
    file = io.BytesIO()
    Image.fromarray(255 - pixels.reshape(28, 28)).resize((84, 84)).save(file, kind)
    return file.getvalue()


def send(api: Api, body: bytes, kind: str) -> HTTPResponse:
    return api("POST", "/predict", body=body, headers={"Content-Type": kind})


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "bmp", "tiff"])
def test_image_may_be_the_body(api: Api, some: Block, kind: str) -> None:
    guesses = [send(api, picture(pixels, kind), f"image/{kind}").json_body["label"] for pixels in some.pixels[:30]]
    tensors = api("POST", "/predict", body={"tensors": some.images()[:30].tolist()}).json_body["predictions"]
    # Normalising may change a digit or two of those that scikit-learn's networks are not sure of.
    assert np.mean(np.array(guesses) == [guess["label"] for guess in tensors]) >= 0.8


def test_image_in_base64_is_the_same_as_the_file(api: Api, some: Block) -> None:
    file = picture(some.pixels[0])
    text = base64.b64encode(file).decode()
    url_safe = base64.urlsafe_b64encode(file).decode()
    expected = send(api, file, "image/png").json_body
    for image in (text, f"data:image/png;base64,{text}", f"{text[:40]}\r\n{text[40:]}", url_safe.rstrip("=")):
        assert api("POST", "/predict", body={"image": image}).json_body == expected
    assert set(expected) == {"label", "probabilities", "model", "version"}


def test_null_is_as_missing(api: Api) -> None:
    given = {"tensor": [0] * 784}
    nothing = dict.fromkeys(("tensors", "image", "strokes", "pen"))
    assert api("POST", "/predict", body=nothing | given).json_body == api("POST", "/predict", body=given).json_body


def test_what_the_api_draws_it_can_read(api: Api) -> None:
    drawn = api("GET", "/data", headers={"Accept": "image/png"}).body
    assert send(api, drawn, "image/png").status_code == 200


def test_several_digits_are_answered_in_their_order(api: Api, some: Block) -> None:
    images = some.images()[:5].tolist()
    answer = api("POST", "/predict?model=conv-32-64", body={"tensors": images}).json_body
    assert set(answer) == {"predictions", "model", "version"}
    for image, guess in zip(images, answer["predictions"], strict=True):
        alone = api("POST", "/predict?model=conv-32-64", body={"tensor": image}).json_body
        expected = (alone["label"], alone["model"], alone["version"])
        assert (guess["label"], answer["model"], answer["version"]) == expected
        np.testing.assert_allclose(guess["probabilities"], alone["probabilities"], atol=1e-6)


def test_one_of_several_is_still_a_list(api: Api) -> None:
    assert len(api("POST", "/predict", body={"tensors": [[0] * 784]}).json_body["predictions"]) == 1


@pytest.mark.parametrize("kind", ["image/png", "application/json"])
def test_blank_image_asks_for_a_drawing(api: Api, kind: str) -> None:
    file = picture(np.zeros(784, np.uint8))
    body = file if kind == "image/png" else {"image": base64.b64encode(file).decode()}
    answer = api("POST", "/predict", body=body, headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert "draw something" in answer.json_body["error"]["message"]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, None, "send one of tensor, tensors, image and strokes, got none of them"),
        ({"pixels": [1]}, None, "send one of tensor, tensors, image and strokes, got none of them"),
        (
            {"tensor": [0] * 784, "image": ""},
            None,
            "send one of tensor, tensors, image and strokes, got tensor and image",
        ),
        ({"tensor": None}, None, "send one of tensor, tensors, image and strokes, got none of them"),
        ({"tensors": []}, "tensors", f"tensors must be 1 to {MOST_IN_JSON}, got 0"),
        ({"tensors": [[]] * 1001}, "tensors", f"tensors must be 1 to {MOST_IN_JSON}, got 1001"),
        ({"tensors": [[0] * 784, [0] * 3]}, "tensors[1]", "an image has 784 numbers, got 3"),
        ({"tensors": [[0] * 783 + [2]]}, "tensors[0][783]", "pixels are 0 to 1, got 2.0"),
        ({"tensors": [0] * 784}, "tensors[0]", "expected `array`, got `int`"),
        ({"image": 7}, "image", "expected `str | null`, got `int`"),
        ({"image": "four.png"}, "image", "expected an image file in base64"),
        ({"image": "Ω"}, "image", "expected an image file in base64"),
        ({"image": ""}, "image", "expected an image"),
        ({"image": "data:image/png"}, "image", "expected an image"),
        ({"image": base64.b64encode(b"%PDF-1.7").decode()}, "image", "expected an image"),
    ],
)
def test_wrong_body_is_refused(api: Api, body: object, field: str | None, message: str) -> None:
    answer = api("POST", "/predict", body=body)
    assert answer.status_code == 422
    error = answer.json_body["error"]
    assert (error.get("field"), error["message"][: len(message)]) == (field, message)


@pytest.mark.parametrize("body", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"<svg/>"])
def test_body_that_is_no_image_is_malformed(api: Api, body: bytes) -> None:
    answer = send(api, body, "image/png")
    assert (answer.status_code, answer.json_body["error"]["code"]) == (400, "malformed")


def test_error_for_too_large_an_image_names_the_limits(api: Api) -> None:
    file = io.BytesIO()
    Image.new("1", (4501, 4500)).save(file, "PNG")
    answer = send(api, file.getvalue(), "image/png")
    assert answer.status_code == 422
    assert "20 million pixels" in answer.json_body["error"]["message"]
    assert "got 4501×4500" in answer.json_body["error"]["message"]


def test_answers_are_json_only(api: Api) -> None:
    answer = api("POST", "/predict", body={"tensor": [0] * 784}, headers={"Accept": "image/png, text/*;q=0.3"})
    assert answer.status_code == 406


def test_cold_start_is_reported(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_answered", iter(range(9)))
    for cold in ("true", "false"):
        answer = api("POST", "/predict", body={"tensor": [0] * 784})
        assert answer.headers["X-Scrawl-Cold-Start"] == cold
        assert "X-Scrawl-Cold-Start" in answer.headers["Access-Control-Expose-Headers"]
