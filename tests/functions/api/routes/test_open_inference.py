"""The Open Inference Protocol's routes: metadata, health, inference with JSON and binary tensors, and errors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chalice.test import HTTPResponse

from functions import VERSION
from functions.storage.memory import MemoryStore
from infra.dataset import imported_models
from model_export.importing import import_onnx
from tests.support.api import Api, serving
from tests.support.digits.samples import digit_like
from tests.support.onnx_models import WEIGHT, linear, saved, softmax

IMAGES = digit_like(2, seed=3)[0]  # (B, D)
LENGTH = "Inference-Header-Content-Length"


def tensor(**other: Any) -> dict[str, Any]:
    return {"name": "images", "shape": [2, 784], "datatype": "FP32", "data": IMAGES.tolist()} | other


def infer(api: Api, body: object, path: str = "/v2/models/mlp-128", **headers: str) -> HTTPResponse:
    return api("POST", f"{path}/infer", body=body, headers=headers)


def binary(request: dict[str, Any], *parts: bytes) -> tuple[bytes, dict[str, str]]:
    head = json.dumps(request).encode()
    return b"".join((head, *parts)), {LENGTH: str(len(head)), "Content-Type": "application/octet-stream"}


def failure(answer: HTTPResponse, status: int) -> str:
    assert answer.status_code == status, answer.body
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json_body) == ["error"]
    return str(answer.json_body["error"])


def test_server_says_what_it_is(api: Api) -> None:
    assert api("GET", "/v2").json_body == {"name": "scrawl", "version": VERSION, "extensions": ["binary_tensor_data"]}
    assert api("GET", "/v2/health/live").json_body == {"live": True}
    assert api("GET", "/v2/health/ready").json_body == {"ready": True}


@pytest.mark.parametrize("model", ["mlp-128", "mlp-128-64", "conv-32-64"])
def test_model_says_what_it_takes_and_gives(api: Api, model: str) -> None:
    described = api("GET", f"/v2/models/{model}").json_body
    version = api.service.model(model).weights.current().version
    assert described == {
        "name": model,
        "versions": [version],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "images", "datatype": "FP32", "shape": [-1, 784]}],
        "outputs": [
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]},
            {"name": "log_probabilities", "datatype": "FP32", "shape": [-1, 10]},
            {"name": "label", "datatype": "INT64", "shape": [-1]},
        ],
    }
    assert api("GET", f"/v2/models/{model}/versions/{version}").json_body == described
    for path in ("", f"/versions/{version}"):
        assert api("GET", f"/v2/models/{model}{path}/ready").json_body == {"name": model, "ready": True}


def test_inference_answers_all_outputs_with_the_id(api: Api) -> None:
    answer = infer(api, {"id": "42", "inputs": [tensor()], "parameters": {"mine": 1.5}})
    assert answer.status_code == 200
    body = answer.json_body
    version, score = api.service.predictor("mlp-128").reader()
    expected = np.exp(score(IMAGES))
    assert (body["id"], body["model_name"], body["model_version"]) == ("42", "mlp-128", version.version)
    found = {output.pop("name"): output for output in body["outputs"]}
    assert list(found) == ["probabilities", "log_probabilities", "label"]
    np.testing.assert_array_equal(np.array(found["probabilities"].pop("data"), np.float32), expected.reshape(-1))
    assert found["probabilities"] == {"datatype": "FP32", "shape": [2, 10]}
    assert found["label"] == {"datatype": "INT64", "shape": [2], "data": expected.argmax(1).tolist()}
    assert LENGTH not in answer.headers


def test_answer_without_an_id_has_none(api: Api) -> None:
    assert "id" not in infer(api, {"inputs": [tensor()], "outputs": [{"name": "label"}]}).json_body


def test_binary_tensors_go_both_ways_and_mix_with_json(api: Api) -> None:
    sent = {"name": "images", "shape": [2, 28, 28], "datatype": "UINT8", "parameters": {"binary_data_size": 1568}}
    outputs = [
        {"name": "label", "parameters": {"binary_data": True}},
        {"name": "log_probabilities"},
        {"name": "probabilities", "parameters": {"binary_data": True}},
    ]
    body, headers = binary({"inputs": [sent], "outputs": outputs}, np.round(IMAGES * 255).astype(np.uint8).tobytes())
    answer = infer(api, body, **headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/octet-stream")
    end = int(answer.headers[LENGTH])
    head, tail = json.loads(answer.body[:end]), answer.body[end:]
    assert [output.get("parameters") for output in head["outputs"]] == [
        {"binary_data_size": 16},
        None,
        {"binary_data_size": 80},
    ]
    expected = np.exp(api.service.predictor("mlp-128").reader()[1](IMAGES))
    np.testing.assert_array_equal(np.frombuffer(tail[:16], "<i8"), expected.argmax(1))
    np.testing.assert_allclose(np.frombuffer(tail[16:], "<f4").reshape(2, 10), expected, rtol=1e-5)
    np.testing.assert_allclose(np.exp(head["outputs"][1]["data"]), expected.reshape(-1), rtol=1e-5)


def test_all_outputs_are_binary_when_the_request_says_so(api: Api) -> None:
    answer = infer(api, {"inputs": [tensor()], "parameters": {"binary_data_output": True}})
    assert len(answer.body) - int(answer.headers[LENGTH]) == 80 + 80 + 16


def test_older_version_answers_by_its_path(api: Api) -> None:
    old = api.version
    before = infer(api, {"inputs": [tensor()]}).json_body
    api("PATCH", "/weights", body={"data": [{"target": 1, "image": IMAGES[0].tolist()}], "learning_rate": 0.001})
    after = infer(api, {"inputs": [tensor()]}).json_body
    assert after["model_version"] == api.version != old
    assert infer(api, {"inputs": [tensor()]}, f"/v2/models/mlp-128/versions/{old}").json_body == before
    assert api("GET", "/v2/models/mlp-128").json_body["versions"] == [api.version, old]


@pytest.mark.parametrize("last", ["", "Softmax", "LogSoftmax"])
def test_imported_model_answers_like_the_others(api: Api, tmp_path: Path, last: str) -> None:
    imported_models.register(
        api.service._store, "theirs", import_onnx(saved(tmp_path, linear(WEIGHT, last=last)), "theirs")
    )
    answer = infer(api, {"inputs": [tensor()]}, "/v2/models/theirs").json_body
    found = {output["name"]: np.array(output["data"]) for output in answer["outputs"]}
    expected = softmax(IMAGES @ WEIGHT)
    np.testing.assert_allclose(found["probabilities"].reshape(2, 10), expected, rtol=1e-5)
    np.testing.assert_allclose(np.exp(found["log_probabilities"]).reshape(2, 10), expected, rtol=1e-5)
    version = answer["model_version"]
    assert api("GET", f"/v2/models/theirs/versions/{version}").json_body["versions"] == [version]
    assert infer(api, {"inputs": [tensor()]}, f"/v2/models/theirs/versions/{version}").json_body == answer
    wrong = infer(api, {"inputs": [tensor()]}, "/v2/models/theirs/versions/2")
    assert failure(wrong, 404).startswith("theirs has no version '2': it was imported, and has only")


@pytest.mark.parametrize("path", ["", "/ready", "/infer", "/versions/1", "/versions/1/ready", "/versions/1/infer"])
def test_unknown_model_is_answered_with_those_there_are(api: Api, path: str) -> None:
    body = {"inputs": [tensor()]} if path.endswith("infer") else None
    answer = api("POST" if body else "GET", f"/v2/models/nobody{path}", body=body)
    assert failure(answer, 404).startswith("there is no model 'nobody'; there are: ")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "expected JSON"),
        (b'{"inputs"', "expected JSON"),
        ({}, "object missing required field `inputs`"),
        ({"inputs": []}, "expected exactly one input, the images, got none"),
        ({"inputs": [tensor(), tensor(name="mask")]}, "expected exactly one input, the images, got 'images', 'mask'"),
        ({"inputs": [tensor(name=1)]}, "inputs[0].name: expected `str`, got `int`"),
        ({"inputs": [tensor(shape="2")]}, "inputs[0].shape: expected `array`, got `str`"),
        ({"inputs": [tensor(shape=[2, 3])]}, "the shape must be [B,784]"),
        ({"inputs": [tensor(datatype="BYTES")]}, "the datatype must be FP32"),
        ({"inputs": [tensor(shape=[2, 783.5])]}, "the shape must be whole numbers"),
        ({"inputs": [tensor()], "id": True}, "id: expected"),
        ({"inputs": [tensor(data=[2.0] * 1568)]}, "pixels of FP32 are 0 to 1, got 2 at 0"),
        (
            {"inputs": [tensor()], "outputs": [{"name": "scores"}]},
            "there are: probabilities, log_probabilities, label",
        ),
        ({"inputs": [tensor()], "parameters": {"binary_data_output": "yes"}}, "must be true or false, got 'yes'"),
        ({"inputs": [tensor()], "parameters": [1]}, "parameters: expected `object | null`, got `array`"),
    ],
)
def test_wrong_request_is_a_bad_request(api: Api, body: object, message: str) -> None:
    answer = infer(api, body, **{"Content-Type": "application/json"})
    assert message in failure(answer, 400)


def as_sent_by_clients() -> dict[str, dict[str, Any]]:
    """Return requests as public clients write them, which mean the same as the plain one."""
    ink = np.round(IMAGES * 255)
    return {
        "MLServer, in pydantic's JSON": {"id": None, "parameters": None, "inputs": [tensor(parameters=None)]},
        "outputs null": {"inputs": [tensor()], "outputs": None},
        "an output's parameters null": {"inputs": [tensor()], "outputs": [{"name": "label", "parameters": None}]},
        "objects as parameters": {"parameters": {"headers": {"a": "b"}, "list": [1]}, "inputs": [tensor()]},
        "null as a parameter": {"parameters": {"binary_data_output": None}, "inputs": [tensor()]},
        "UINT8 as 255.0": {"inputs": [tensor(datatype="UINT8", data=ink.tolist())]},
        "INT64": {"inputs": [tensor(datatype="INT64", data=ink.astype(int).tolist())]},
        "shape as 784.0": {"inputs": [tensor(shape=[2.0, 784.0])]},
        "id as a number": {"id": 1, "inputs": [tensor()]},
        "another name": {"inputs": [tensor(name="Input3")]},
        "KServe, with the model's name": {"id": "0b", "model_name": "mlp-128", "inputs": [tensor(name="input-0")]},
    }


@pytest.mark.parametrize("name", as_sent_by_clients())
def test_requests_of_public_clients_are_taken(api: Api, name: str) -> None:
    request = as_sent_by_clients()[name]
    answer = infer(api, request)
    assert answer.status_code == 200, answer.body
    labels = next(output["data"] for output in answer.json_body["outputs"] if output["name"] == "label")
    assert labels == api.service.predictor("mlp-128").predict(IMAGES)[0].argmax(1).tolist()
    assert answer.json_body.get("id") == (None if request.get("id") is None else str(request["id"]))


@pytest.mark.parametrize("headers", [{"Content-Type": ""}, {"Content-Type": "application/x-www-form-urlencoded"}])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_json_needs_no_type_and_may_be_of_any_unicode(api: Api, headers: dict[str, str], encoding: str) -> None:
    assert infer(api, json.dumps({"inputs": [tensor()]}).encode(encoding), **headers).status_code == 200


def test_body_of_nothing_but_pixels_is_answered_in_bytes(api: Api) -> None:
    answer = infer(api, IMAGES.tobytes(), **{LENGTH: "0"})
    assert answer.status_code == 200, answer.body
    assert len(answer.body) - int(answer.headers[LENGTH]) == 80 + 80 + 16


def test_sagemakers_type_says_how_long_the_json_is_in_both_directions(api: Api) -> None:
    prefix = "application/vnd.sagemaker-triton.binary+json;json-header-size="
    sent = tensor(data=None, parameters={"binary_data_size": IMAGES.nbytes})
    body, headers = binary({"inputs": [sent], "parameters": {"binary_data_output": True}}, IMAGES.tobytes())
    answer = infer(api, body, **{"Content-Type": prefix + headers[LENGTH]})
    assert answer.status_code == 200, answer.body
    assert answer.headers["Content-Type"].startswith(prefix)
    head = json.loads(answer.body[: int(answer.headers["Content-Type"].removeprefix(prefix))])
    assert [output["name"] for output in head["outputs"]] == ["probabilities", "log_probabilities", "label"]


def test_imported_model_names_its_own_input(api: Api, tmp_path: Path) -> None:
    graph = linear(WEIGHT)
    graph.graph.input[0].name = graph.graph.node[0].input[0] = "Input3"
    imported_models.register(api.service._store, "theirs", import_onnx(saved(tmp_path, graph), "theirs"))
    assert api("GET", "/v2/models/theirs").json_body["inputs"][0]["name"] == "Input3"
    for name in ("Input3", "images"):
        assert infer(api, {"inputs": [tensor(name=name)]}, "/v2/models/theirs").status_code == 200


@pytest.mark.parametrize(("header", "tail"), [("9999", b""), ("x", b""), (None, b"tail")])
def test_wrong_header_length_is_a_bad_request(api: Api, header: str | None, tail: bytes) -> None:
    body, headers = binary({"inputs": [tensor()]}, tail)
    failure(infer(api, body, **(headers | ({LENGTH: header} if header else {}))), 400)


def test_wrong_method_type_and_size_have_the_same_shape(api: Api) -> None:
    assert "PUT" in failure(api("PUT", "/v2/models/mlp-128/infer"), 405)
    assert "application/octet-stream" in failure(infer(api, b"x", **{"Content-Type": "text/html"}), 415)
    assert "application/json" in failure(api("GET", "/v2", headers={"Accept": "text/html"}), 406)
    assert "a body may have" in failure(infer(api, bytes(7_000_000)), 413)


def test_server_that_cannot_serve_is_alive_but_not_ready(empty: MemoryStore) -> None:
    with serving(empty) as api:
        assert api("GET", "/v2/health/live").status_code == 200
        answer = api("GET", "/v2/health/ready")
        assert failure(answer, 503) == "not ready: there is no model yet; run `scrawl seed`"
        assert int(answer.headers["Retry-After"]) > 0


def test_model_that_cannot_serve_is_not_ready(api: Api) -> None:
    api.service._store.put("models/conv-32-64/inference.onnx", b"damaged")
    assert "inference.onnx is damaged" in failure(api("GET", "/v2/models/conv-32-64/ready"), 503)
    assert "inference.onnx is damaged" in failure(api("GET", "/v2/health/ready"), 503)
    assert api("GET", "/v2/models/mlp-128/ready").status_code == 200
