"""GET /weights in every format; and who may write, and what a crash in between leaves."""

import gzip
from typing import Any

import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import load

from functions.errors import UnavailableError
from functions.models.calibration import probabilities
from functions.storage.memory import MemoryStore
from functions.weights import safetensors
from functions.weights.tensor_checks import fit
from functions.weights.versions import Version
from tests.support.api import Api, serving
from tests.support.weights_bodies import OCTETS, ONNX, SAFETENSORS, SHAPES, as_json, copied, lesson


def test_weights_as_json(api: Api, current: Version) -> None:
    answer = api("GET", "/weights?model=mlp-128")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["ETag"] == f'"{current.version}"'
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    body = answer.json_body
    assert (body["model"], body["version"], body["parent"]) == ("mlp-128", current.version, None)
    assert (body["source"], body["accuracy"]) == ("pretrained", current.accuracy)
    assert list(body["tensors"]) == list(SHAPES)
    for name, tensor in current.tensors.items():
        np.testing.assert_array_equal(np.array(body["tensors"][name], np.float32), tensor)


@pytest.mark.parametrize("accept", [SAFETENSORS, OCTETS, f"application/json;q=0.5, {SAFETENSORS}"])
def test_weights_as_safetensors(api: Api, current: Version, accept: str) -> None:
    answer = api("GET", "/weights", headers={"Accept": accept})
    assert answer.headers["Content-Type"] in (SAFETENSORS, OCTETS)
    for name, tensor in load(answer.body).items():
        np.testing.assert_array_equal(tensor, current.tensors[name])
    assert safetensors.decode_metadata(answer.body)["version"] == current.version


def test_weights_as_onnx_predict_as_the_api_does(api: Api, current: Version) -> None:
    rng = np.random.default_rng(0)
    other = {name: rng.normal(0, 0.05, shape).astype(np.float32) for name, shape in SHAPES.items()}
    other["fc2.bias"] = current.tensors["fc2.bias"]
    api.service.model("mlp-128").publish_retrained(other, 0)
    graph = api("GET", "/weights", headers={"Accept": ONNX}).body
    image = api.service.dataset.first("test", 1).images()[:1]
    scores = onnxruntime.InferenceSession(graph).run(None, {"images": image})[0][0]
    prediction = api("POST", "/predict", body={"tensor": image[0].tolist()}).json_body
    temperature = api.service.model("mlp-128").weights.current().temperature
    expected = probabilities(scores[np.newaxis], temperature)[0]
    np.testing.assert_allclose(expected, prediction["probabilities"], rtol=1e-5)


def test_weights_as_int8_are_a_quarter_and_nearly_as_good(api: Api, current: Version) -> None:
    answer = api("GET", "/weights?precision=int8")
    assert answer.headers["Content-Type"] == SAFETENSORS
    assert len(answer.body) < 110_000
    small, _ = safetensors.decode(answer.body)
    assert set(small) == {*SHAPES, "fc1.weight.scale", "fc2.weight.scale"}
    restored = {
        name: small[name].astype(np.float32)
        * (small[f"{name}.scale"].astype(np.float32)[:, None] if "weight" in name else np.float32(1))
        for name in SHAPES
    }
    measure = api.service.model("mlp-128").evaluator.measure(restored)
    assert measure.accuracy > current.accuracy - 0.005  # rounding to 1 part in 127 moves a few digits at most


def test_weights_as_int6_are_a_seventh_in_gzip(api: Api, current: Version) -> None:
    packed = {"Accept-Encoding": "gzip", "Accept": SAFETENSORS}
    answer = api("GET", "/weights?precision=int6", headers=packed)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert len(answer.body) < 66_000
    plain = api("GET", "/weights?precision=int6")
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(answer.body) == plain.body
    assert answer.headers["ETag"] == plain.headers["ETag"][:-1] + '.gzip"'
    small = fit(safetensors.read_foreign(plain.body)[0], SHAPES)
    assert api.service.model("mlp-128").evaluator.measure(small).accuracy > current.accuracy - 0.005
    for known, form in ((answer, packed), (plain, {})):
        again = api("GET", "/weights?precision=int6", headers={"If-None-Match": known.headers["ETag"], **form})
        assert (again.status_code, again.headers["ETag"]) == (304, known.headers["ETag"])


def test_each_representation_has_its_own_etag(api: Api) -> None:
    """A cache that asks with the ETag of one format must not be told that another one is unchanged."""
    etags = {
        api("GET", "/weights", headers={"Accept": accept}).headers["ETag"] for accept in ("*/*", SAFETENSORS, ONNX)
    }
    etags.add(api("GET", "/weights?precision=int8").headers["ETag"])
    assert len(etags) == 4


def test_weights_that_are_known_are_not_sent_again(api: Api, current: Version) -> None:
    etag = api("GET", "/weights").headers["ETag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = api("GET", "/weights", headers={"If-None-Match": known})
        assert (answer.status_code, answer.body, answer.headers["ETag"]) == (304, b"", etag)
    api.service.model("mlp-128").publish_retrained(current.tensors, 0)
    assert api("GET", "/weights", headers={"If-None-Match": etag}).status_code == 200


def test_older_version_can_be_read(api: Api, current: Version) -> None:
    api.service.model("mlp-128").publish_retrained(copied(current), 0)
    answer = api("GET", f"/weights?version={current.version}")
    assert answer.json_body["version"] == current.version
    assert "immutable" in answer.headers["Cache-Control"]
    assert api("GET", "/weights").json_body["parent"] == current.version


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("?model=x", 404, "there is no model 'x'"),
        ("?version=20200101T000000000-00000000", 404, "mlp-128 has no version '2020"),
        ("?version=../current", 404, "mlp-128 has no version"),
        ("?precision=int4", 422, "precision is float32, int8 or int6, got 'int4'"),
    ],
)
def test_weights_that_do_not_exist_are_named(api: Api, query: str, status: int, message: str) -> None:
    answer = api("GET", f"/weights{query}")
    assert answer.status_code == status
    assert message in answer.json_body["error"]["message"]


@pytest.mark.parametrize(("accept", "query"), [("text/html", ""), ("application/json", "?precision=int8")])
def test_formats_that_do_not_exist_are_named(api: Api, accept: str, query: str) -> None:
    answer = api("GET", f"/weights{query}", headers={"Accept": accept})
    assert answer.status_code == 406
    assert SAFETENSORS in answer.json_body["error"]["message"]


def test_damaged_weights_are_named(memory: MemoryStore) -> None:
    (key,) = (key for key in memory.keys("weights/mlp-128/") if key.endswith(".safetensors"))
    memory.put(key, memory.get(key).body[:-100])
    with serving(memory) as api:
        answer = api("GET", "/weights")
        assert answer.status_code == 503
        assert key in answer.json_body["error"]["message"]


def test_crash_between_version_and_pointer_leaves_the_old_weights_current(
    api: Api, memory: MemoryStore, current: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = memory.put

    def dies(key: str, body: bytes, **options: Any) -> str:
        if key.endswith("current.json"):
            raise UnavailableError("the power is out")
        return put(key, body, **options)

    with monkeypatch.context() as patch:
        patch.setattr(memory, "put", dies)
        answer = api("PATCH", "/weights", body=as_json(lesson(api)))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    with serving(memory) as restarted:
        assert restarted.version == current.version
        assert restarted("PATCH", "/weights", body=as_json(lesson(restarted))).json_body["parent"] == current.version


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_writing_needs_the_token_where_one_is_set(memory: MemoryStore, method: str) -> None:
    with serving(memory, write_token="secret") as api:
        before = api.version
        answers = [
            api(method, "/weights", body={}, headers=headers)
            for headers in ({}, {"Authorization": "Basic secret"}, {"Authorization": "Bearer wrong"})
        ]
        assert [answer.status_code for answer in answers] == [401, 401, 403]
        assert answers[0].headers["WWW-Authenticate"] == "Bearer"
        assert api("GET", "/weights").status_code == 200
        assert api.version == before
        let_in = api(method, "/weights", body={}, headers={"Authorization": "Bearer secret"})
        assert let_in.status_code in (202, 422)  # 422: the body is empty
