"""POST /weights: what is accepted, every refusal, and that a refused write changes nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from functions.weights.versions import Version
from tests.support.api import Api
from tests.support.weights_bodies import OCTETS, SAFETENSORS, copied, sent


def test_sent_weights_become_current(api: Api, current: Version) -> None:
    values = copied(current)
    values["fc2.bias"] += 0.01
    answer = api("POST", "/weights?model=mlp-128", body=sent(values), headers={"Content-Type": SAFETENSORS})
    assert answer.status_code == 201
    body = answer.json_body
    assert (body["model"], body["parent"], body["version"]) == ("mlp-128", current.version, api.version)
    assert body["accuracy"] == pytest.approx(current.accuracy, abs=0.02)
    assert answer.headers["ETag"] == f'"{body["version"]}"'
    assert answer.headers["Location"] == f"/weights?model=mlp-128&version={body['version']}"
    again = safetensors.numpy.load(api("GET", "/weights", headers={"Accept": SAFETENSORS}).body)
    np.testing.assert_array_equal(again["fc2.bias"], values["fc2.bias"])


def test_what_get_gives_can_be_sent_back(api: Api, current: Version) -> None:
    answer = api("POST", "/weights", body=api("GET", "/weights").body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    for name, tensor in api.service.model("mlp-128").weights.current().tensors.items():
        np.testing.assert_array_equal(tensor, current.tensors[name])


@pytest.mark.parametrize("suffix", ["", ".safetensors", ".int8"])
def test_if_match_takes_the_etag_of_any_representation(api: Api, current: Version, suffix: str) -> None:
    headers = {"Content-Type": OCTETS, "If-Match": f'"{current.version}{suffix}"'}
    assert api("POST", "/weights", body=sent(copied(current)), headers=headers).status_code == 201


def test_stale_if_match_is_refused(api: Api, current: Version) -> None:
    headers = {"Content-Type": SAFETENSORS, "If-Match": f'"{current.version}"'}
    first = api("POST", "/weights", body=sent(copied(current)), headers=headers)
    second = api("POST", "/weights", body=sent(copied(current)), headers=headers)
    assert (first.status_code, second.status_code) == (201, 412)
    error = second.json_body["error"]
    assert error["code"] == "stale"
    assert current.version in error["message"]
    assert api.version == first.json_body["version"]
    sample = {"data": [{"target": 1, "image": [0] * 784}]}
    assert (
        api("PATCH", "/weights", body=sample, headers=headers | {"Content-Type": "application/json"}).status_code
        == 412
    )
    assert api("DELETE", "/weights", headers={"If-Match": headers["If-Match"]}).status_code == 412


@pytest.mark.usefixtures("unchanged")
def test_weights_that_recognise_less_are_not_made_current(api: Api, current: Version) -> None:
    worse = copied(current)
    worse["fc2.weight"][3] = 0
    worse["fc2.bias"][3] = -100  # no 3 is recognised any more
    measured = api.service.model("mlp-128").evaluator.measure(worse).accuracy
    answer = api("POST", "/weights", body=sent(worse), headers={"Content-Type": SAFETENSORS})
    assert answer.status_code == 422
    message = answer.json_body["error"]["message"]
    assert f"these weights recognise {measured:.2%}" in message
    assert f"since the last reset {current.accuracy:.2%}" in message


def test_weights_a_little_worse_are_accepted(api: Api, current: Version) -> None:
    rng = np.random.default_rng(0)
    noisy = copied(current)
    noisy["fc1.weight"] += rng.normal(0, 0.01, (128, 784)).astype(np.float32)
    measured = api.service.model("mlp-128").evaluator.measure(noisy).accuracy
    assert current.accuracy - 0.02 < measured
    assert api("POST", "/weights", body=sent(noisy), headers={"Content-Type": SAFETENSORS}).status_code == 201


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "missing": (lambda values: values.pop("fc2.bias"), "fc2.bias missing"),
    "extra": (lambda values: values.update({"fc3.bias": np.zeros(3, np.float32)}), "fc3.bias unknown"),
    "misshapen": (lambda values: values.update({"fc2.bias": np.zeros(11, np.float32)}), r"shape [10], got [11]"),
    "transposed": (lambda values: values.update({"fc1.weight": values["fc1.weight"].T.copy()}), "got [784, 128]"),
    "infinite": (
        lambda values: values["fc1.weight"].__setitem__((3, 4), np.inf),
        "must be finite, got inf at [3, 4]",
    ),
    "nan": (lambda values: values["fc1.bias"].__setitem__(7, np.nan), "must be finite, got nan at [7]"),
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_safetensors_are_refused(api: Api, current: Version, wrong: str) -> None:
    change, message = WRONG[wrong]
    values = copied(current)
    change(values)
    answer = api("POST", "/weights", body=sent(values), headers={"Content-Type": SAFETENSORS})
    assert answer.status_code == 422
    assert message in answer.json_body["error"]["message"]
    assert answer.json_body["error"]["field"].startswith("fc")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("wrong", ["missing", "extra", "misshapen", "transposed"])
def test_wrong_json_weights_are_refused(api: Api, current: Version, wrong: str) -> None:
    change, message = WRONG[wrong]
    values = copied(current)
    change(values)
    answer = api("POST", "/weights", body={"tensors": {name: value.tolist() for name, value in values.items()}})
    assert answer.status_code == 422
    assert message in answer.json_body["error"]["message"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "expected JSON"),
        (b"weights", 400, "expected JSON"),
        (b"null", 422, "expected `object`, got `null`"),
        (b"{}", 422, "missing required field `tensors`"),
        (b'{"tensors": []}', 422, "expected `object`, got `array`"),
        (b'{"tensors": {"fc1.weight": ' + b"[" * 100_000, 400, "expected JSON"),
        (b'{"tensors": {}}', 422, "fc1.weight, fc1.bias, fc2.weight, fc2.bias missing"),
    ],
)
def test_weights_that_are_no_json_are_refused(api: Api, body: bytes, status: int, message: str) -> None:
    answer = api("POST", "/weights", body=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert message in answer.json_body["error"]["message"]


@pytest.mark.usefixtures("unchanged")
def test_json_weights_with_nan_are_refused(api: Api) -> None:
    body = api("GET", "/weights").body.replace(b'"fc2.bias":[', b'"fc2.bias":[NaN,')
    answer = api("POST", "/weights", body=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("body", [b"", b"\x89PNG\r\n\x1a\n" + bytes(999), b"{}", bytes(4000)])
def test_foreign_bytes_are_no_safetensors(api: Api, body: bytes) -> None:
    answer = api("POST", "/weights", body=body, headers={"Content-Type": SAFETENSORS})
    assert answer.status_code in (400, 422)
    assert answer.json_body["error"]["message"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("length", [7, 100, 5_000, -1])
def test_truncated_safetensors_are_refused(api: Api, current: Version, length: int) -> None:
    answer = api("POST", "/weights", body=sent(copied(current))[:length], headers={"Content-Type": SAFETENSORS})
    assert answer.status_code == 400
    assert answer.json_body["error"]["code"] == "malformed"


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("content_type", [SAFETENSORS, "application/json"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_body_over_the_limit_is_refused(api: Api, method: str, content_type: str) -> None:
    content_type = OCTETS if method == "PATCH" and content_type == SAFETENSORS else content_type
    answer = api(method, "/weights", body=bytes(4_700_001), headers={"Content-Type": content_type})
    assert answer.status_code == 413
    message = answer.json_body["error"]["message"]
    assert message.startswith("a body may have 4700000 bytes;")
    assert message.endswith("got 4700001")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_media_types_are_refused(api: Api, method: str) -> None:
    answer = api(method, "/weights", body=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "got text/plain" in answer.json_body["error"]["message"]
