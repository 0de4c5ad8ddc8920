"""GET, POST, PATCH and DELETE /weights: every format, every refusal, and that a refused write changes nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest
import safetensors.numpy
from chalice.config import Config
from chalice.local import LocalGateway

from functions import block, tensors
from functions.app import app
from functions.block import Block
from functions.errors import UnavailableError
from functions.s3 import S3Store
from functions.versions import Version
from tests.api import Api, serving

SAFETENSORS = "application/vnd.safetensors"
OCTETS = "application/octet-stream"
ONNX = "application/vnd.onnx"
SHAPES = {"fc1.weight": (128, 784), "fc1.bias": (128,), "fc2.weight": (10, 128), "fc2.bias": (10,)}


@pytest.fixture
def current(api: Api) -> Version:
    return api.service.model("mlp-128").weights.current()


@pytest.fixture
def unchanged(api: Api, bucket: S3Store) -> Iterator[None]:
    """Check that a test leaves the pointer and every version as they were."""
    before = {key: bucket.get(key).etag for key in bucket.keys("weights/")}
    yield
    assert {key: bucket.get(key).etag for key in bucket.keys("weights/")} == before
    assert api("GET", "/weights").status_code == 200


def sent(values: dict[str, np.ndarray]) -> bytes:
    return safetensors.numpy.save(values)


def copied(version: Version) -> dict[str, np.ndarray]:
    return {name: tensor.copy() for name, tensor in version.tensors.items()}


# Reading


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
    for name, tensor in safetensors.numpy.load(answer.body).items():
        np.testing.assert_array_equal(tensor, current.tensors[name])
    assert tensors.decode_metadata(answer.body)["version"] == current.version


def test_weights_as_onnx_predict_as_the_api_does(api: Api, current: Version) -> None:
    rng = np.random.default_rng(0)
    other = {name: rng.normal(0, 0.05, shape).astype(np.float32) for name, shape in SHAPES.items()}
    other["fc2.bias"] = current.tensors["fc2.bias"]
    api.service.model("mlp-128").restart(other, 0)
    graph = api("GET", "/weights", headers={"Accept": ONNX}).body
    image = api.service.dataset.first("test", 1).images()[:1]
    scores = onnxruntime.InferenceSession(graph).run(None, {"images": image})[0][0]
    prediction = api("POST", "/predict", body={"tensor": image[0].tolist()}).json_body
    np.testing.assert_allclose(np.exp(scores), prediction["probabilities"], rtol=1e-5)


def test_weights_as_int8_are_a_quarter_and_nearly_as_good(api: Api, current: Version) -> None:
    answer = api("GET", "/weights?precision=int8")
    assert answer.headers["Content-Type"] == SAFETENSORS
    assert len(answer.body) < 110_000
    small, _ = tensors.decode(answer.body)
    assert set(small) == {*SHAPES, "fc1.weight.scale", "fc2.weight.scale"}
    restored = {
        name: (small[name] * small[f"{name}.scale"][:, None]).astype(np.float32) if "weight" in name else small[name]
        for name in SHAPES
    }
    measure = api.service.model("mlp-128").measure(restored)
    assert measure.accuracy > current.accuracy - 0.005  # rounding to 1 part in 127 moves a few digits at most


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
    api.service.model("mlp-128").restart(current.tensors, 0)
    assert api("GET", "/weights", headers={"If-None-Match": etag}).status_code == 200


def test_older_version_can_be_read(api: Api, current: Version) -> None:
    api.service.model("mlp-128").restart(copied(current), 0)
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
        ("?precision=int4", 422, "precision is float32 or int8, got 'int4'"),
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


def test_damaged_weights_are_named(bucket: S3Store) -> None:
    (key,) = (key for key in bucket.keys("weights/mlp-128/") if key.endswith(".safetensors"))
    bucket.put(key, bucket.get(key).body[:-100])
    with serving(bucket) as api:
        answer = api("GET", "/weights")
        assert answer.status_code == 503
        assert key in answer.json_body["error"]["message"]


# Replacing


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
    measured = api.service.model("mlp-128").measure(worse).accuracy
    answer = api("POST", "/weights", body=sent(worse), headers={"Content-Type": SAFETENSORS})
    assert answer.status_code == 422
    message = answer.json_body["error"]["message"]
    assert f"these weights recognise {measured:.2%}" in message
    assert f"the current ones {current.accuracy:.2%}" in message


def test_weights_a_little_worse_are_accepted(api: Api, current: Version) -> None:
    rng = np.random.default_rng(0)
    noisy = copied(current)
    noisy["fc1.weight"] += rng.normal(0, 0.01, (128, 784)).astype(np.float32)
    measured = api.service.model("mlp-128").measure(noisy).accuracy
    assert current.accuracy - 0.02 < measured
    assert api("POST", "/weights", body=sent(noisy), headers={"Content-Type": SAFETENSORS}).status_code == 201


WRONG = {
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
def test_body_over_6_mb_is_refused(api: Api, method: str, content_type: str) -> None:
    content_type = OCTETS if method == "PATCH" and content_type == SAFETENSORS else content_type
    answer = api(method, "/weights", body=bytes(6 * 1024 * 1024 + 1), headers={"Content-Type": content_type})
    assert answer.status_code == 413
    assert answer.json_body["error"]["message"] == "a body may have 6291456 bytes, got 6291457"


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_media_types_are_refused(api: Api, method: str) -> None:
    answer = api(method, "/weights", body=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "got text/plain" in answer.json_body["error"]["message"]


# Teaching


def lesson(api: Api, count: int = 1) -> Block:
    some = api.service.dataset.shard("train", 0)
    return Block(some.labels[:count], some.pixels[:count])


def as_json(some: Block) -> dict[str, object]:
    images = some.images().tolist()
    return {
        "data": [{"target": int(label), "image": image} for label, image in zip(some.labels, images, strict=True)]
    }


def test_one_sample_is_learned_and_saved(api: Api, current: Version) -> None:
    image = lesson(api).images()[0].tolist()
    wrong = {"data": [{"target": 9 - int(lesson(api).labels[0]), "image": image}], "learning_rate": 0.01}
    answers = [api("PATCH", "/weights", body=wrong) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    losses = [answer.json_body["batch_loss"] for answer in answers]
    assert losses == sorted(losses, reverse=True)
    first = answers[0].json_body
    assert (first["model"], first["parent"], first["samples"]) == ("mlp-128", current.version, 1)
    assert 0 < first["accuracy"] < 1
    assert first["loss"] > 0
    last = answers[-1]
    assert last.headers["ETag"] == f'"{last.json_body["version"]}"'
    assert api.version == last.json_body["version"]


def test_teaching_one_digit_does_not_cost_the_others(api: Api, current: Version) -> None:
    """Whatever digit it is, right or wrong, without a learning rate."""
    some = api.service.dataset.first("test", 1)
    model = api.service.model("mlp-128")
    wrong = model.predict(some.images())[0].argmax(1) != some.labels
    missed = Block(some.labels[wrong][:3], some.pixels[wrong][:3])
    for sample in as_json(missed)["data"]:
        answer = api("PATCH", "/weights", body={"data": [sample]})
        assert answer.json_body["accuracy"] > current.accuracy - 0.05
        model.restart(current.tensors, 0)


def test_block_teaches_what_json_does(bucket: S3Store) -> None:
    taught = []
    for send_block in (False, True):
        with serving(bucket) as api:
            model, before = api.service.model("mlp-128"), api.service.model("mlp-128").weights.current()
            some = lesson(api, 32)
            if send_block:
                body = block.encode(some)
                answer = api("PATCH", "/weights?learning_rate=0.02", body=body, headers={"Content-Type": OCTETS})
            else:
                answer = api("PATCH", "/weights", body=as_json(some) | {"learning_rate": 0.02})
            assert answer.json_body["samples"] == 32
            taught.append(model.weights.current().tensors)
            model.restart(before.tensors, 0)
    for name in SHAPES:
        np.testing.assert_array_equal(taught[0][name], taught[1][name])


def test_two_patches_at_once_both_count(api: Api, current: Version) -> None:
    """Through the gateway, from threads: each has its own request, and none overwrites the other."""
    gateway = LocalGateway(app, Config.create())
    some = lesson(api, 8)

    def patch(place: int) -> str:
        body = block.encode(Block(some.labels[place : place + 1], some.pixels[place : place + 1]))
        answer = gateway.handle_request("PATCH", "/weights", {"content-type": OCTETS}, body)
        assert answer["statusCode"] == 200
        return answer["headers"]["ETag"].strip('"')

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(patch, range(8)))
    history = api.service.model("mlp-128").weights.history().versions
    assert sorted(entry.version for entry in history) == sorted([*made, current.version])
    assert sum(entry.samples for entry in history) == 8


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"image": [0.5] * 783}, "data[0].image", "an image has 784 numbers, got 783"),
        ({"image": [0.5] * 785}, "data[0].image", "an image has 784 numbers, got 785"),
        ({"image": [0] * 783 + [1.5]}, "data[0].image[783]", "pixels are 0 to 1, got 1.5"),
        ({"image": [-1] + [0] * 783}, "data[0].image[0]", "pixels are 0 to 1, got -1.0"),
        ({"image": ["a"] * 784}, "data[0].image[0]", "expected `float`, got `str`"),
        ({"target": 10}, "data[0].target", "a target is 0 to 9, got 10"),
        ({"target": -1}, "data[0].target", "a target is 0 to 9, got -1"),
        ({"target": 2.5}, "data[0].target", "expected `int`, got `float`"),
        ({"target": "3"}, "data[0].target", "expected `int`, got `str`"),
    ],
)
def test_wrong_sample_is_refused(api: Api, change: dict[str, object], field: str, message: str) -> None:
    answer = api("PATCH", "/weights", body={"data": [{"target": 3, "image": [0] * 784} | change]})
    assert answer.status_code == 422
    assert answer.json_body == {"error": {"code": "invalid", "message": message, "field": field}}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "expected JSON"),
        (b'{"data":[{"target":3,"image":[' + b"0," * 783 + b"NaN]}]}", 400, "expected JSON"),
        (b"{}", 422, "missing required field `data`"),
        (b'{"data":[]}', 422, "samples must be 1 to 1000, got 0"),
        (b'{"data":[' + b'{"target":3,"image":[]},' * 1000 + b'{"target":3,"image":[]}]}', 422, "got 1001"),
        (b'{"data":[{"target":3}]}', 422, "missing required field `image`"),
        (b'{"data":{}}', 422, "expected `array`, got `object`"),
    ],
)
def test_wrong_lesson_is_refused(api: Api, body: bytes, status: int, message: str) -> None:
    answer = api("PATCH", "/weights", body=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert message in answer.json_body["error"]["message"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("rate", [0, -0.1, 1.1, 1e30, "fast", [1]])
def test_impossible_learning_rate_is_refused(api: Api, rate: object) -> None:
    body = {"data": [{"target": 3, "image": [1] * 784}], "learning_rate": rate}
    answer = api("PATCH", "/weights", body=body)
    assert answer.status_code == 422
    assert answer.json_body["error"]["field"] == "learning_rate"


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("rate", ["0", "-1", "nan", "fast", "", "1e999"])
def test_impossible_learning_rate_of_a_block_is_refused(api: Api, rate: str) -> None:
    body = block.encode(lesson(api))
    answer = api("PATCH", f"/weights?learning_rate={rate}", body=body, headers={"Content-Type": OCTETS})
    assert answer.status_code in (400, 422)


BLOCKS = {
    "empty": (lambda _: b"", 400, "header of 16 bytes, got 0"),
    "truncated": (lambda data: data[:-1], 400, "bytes long, got"),
    "too long": (lambda data: data + b"\0", 400, "bytes long, got"),
    "foreign": (lambda data: b"\x89PNG\r\n\x1a\n" + data[8:], 400, "begins with b'SCRB'"),
    "lying count": (lambda data: data[:8] + b"\xff\xff\xff\xff" + data[12:], 400, "a block of 4294967295 digits"),
    "lying shape": (lambda data: data[:12] + b"\x20" + data[13:], 400, "got 32×28"),
    "wrong label": (lambda data: data[:16] + b"\x0a" + data[17:], 400, "label 0 is 10"),
    "no digits": (lambda data: data[:8] + bytes(4) + data[12:16], 422, "samples must be 1 to 4000, got 0"),
    "too many": (
        lambda _: block.encode(Block(np.zeros(4001, np.uint8), np.zeros((4001, 784), np.uint8))),
        422,
        "4001",
    ),
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", BLOCKS)
def test_wrong_block_is_refused(api: Api, name: str) -> None:
    damage, status, message = BLOCKS[name]
    body = damage(block.encode(lesson(api, 3)))
    answer = api("PATCH", "/weights", body=body, headers={"Content-Type": OCTETS})
    assert answer.status_code == status
    assert message in answer.json_body["error"]["message"]


@pytest.mark.usefixtures("unchanged")
def test_step_that_makes_the_weights_infinite_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.payloads.learning_rate", lambda value: value)  # no rate that is allowed does it
    some = lesson(api, 4)
    answer = api("PATCH", "/weights", body=as_json(Block(9 - some.labels, some.pixels)) | {"learning_rate": 3e38})
    assert answer.status_code == 422
    assert "makes the weights infinite" in answer.json_body["error"]["message"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_unknown_model_cannot_be_written(api: Api, method: str) -> None:
    bodies = {"POST": {"tensors": {}}, "PATCH": as_json(lesson(api)), "DELETE": None}
    assert api(method, "/weights?model=x", body=bodies[method]).status_code == 404


# Crashes and rights


def test_crash_between_version_and_pointer_leaves_the_old_weights_current(
    api: Api, bucket: S3Store, current: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = bucket.put

    def dies(key: str, body: bytes, **options: object) -> str:
        if key.endswith("current.json"):
            raise UnavailableError("the power is out")
        return put(key, body, **options)

    with monkeypatch.context() as patch:
        patch.setattr(bucket, "put", dies)
        answer = api("PATCH", "/weights", body=as_json(lesson(api)))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    with serving(bucket) as restarted:
        assert restarted.version == current.version
        assert restarted("PATCH", "/weights", body=as_json(lesson(restarted))).json_body["parent"] == current.version


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_writing_needs_the_token_where_one_is_set(bucket: S3Store, method: str) -> None:
    with serving(bucket, write_token="secret") as api:
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
