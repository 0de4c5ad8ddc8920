"""PATCH /weights: one step on one digit or on many, every refusal, and that a refused lesson changes nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from chalice.config import Config
from chalice.local import LocalGateway

from functions.app import app
from functions.dataset import block
from functions.dataset.block import Block
from functions.storage.memory import MemoryStore
from functions.weights.versions import Version
from tests.support.api import Api, serving
from tests.support.weights_bodies import OCTETS, SHAPES, as_json, lesson


def test_one_sample_is_learned_and_saved(api: Api, current: Version) -> None:
    image = lesson(api).images()[0].tolist()
    wrong = {"data": [{"target": 9 - int(lesson(api).labels[0]), "image": image}], "learning_rate": 0.001}
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


@pytest.mark.usefixtures("mnist")
def test_teaching_one_digit_does_not_cost_the_others(api: Api, current: Version) -> None:
    """Whatever digit it is, right or wrong, without a learning rate."""
    some = api.service.dataset.first("test", 1)
    model = api.service.model("mlp-128")
    wrong = model.predict(some.images())[0].argmax(1) != some.labels
    missed = Block(some.labels[wrong][:3], some.pixels[wrong][:3])
    for sample in as_json(missed)["data"]:
        answer = api("PATCH", "/weights", body={"data": [sample]})
        assert answer.json_body["accuracy"] > current.accuracy - 0.05
        model.publish_retrained(current.tensors, 0)


def test_block_teaches_what_json_does(memory: MemoryStore) -> None:
    taught = []
    for send_block in (False, True):
        with serving(memory) as api:
            model, before = api.service.model("mlp-128"), api.service.model("mlp-128").weights.current()
            some = lesson(api, 32)
            if send_block:
                body = block.encode(some)
                answer = api("PATCH", "/weights?learning_rate=0.02", body=body, headers={"Content-Type": OCTETS})
            else:
                answer = api("PATCH", "/weights", body=as_json(some) | {"learning_rate": 0.02})
            assert answer.json_body["samples"] == 32
            taught.append(model.weights.current().tensors)
            model.publish_retrained(before.tensors, 0)
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
        return str(answer["headers"]["ETag"]).strip('"')

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
    assert (answer.status_code, answer.json_body["error"]["field"]) == (422, "learning_rate")


BLOCKS: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "empty": (lambda _: b"", 400, "header of 16 bytes, got 0"),
    "truncated": (lambda data: data[:-1], 400, "bytes long, got"),
    "too long": (lambda data: data + b"\0", 400, "bytes long, got"),
    "foreign": (lambda data: b"\x89PNG\r\n\x1a\n" + data[8:], 400, "starts with b'SCRB'"),
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
    monkeypatch.setattr(
        "functions.api.request_types.check_learning_rate", lambda value: value
    )  # no rate that is allowed does it
    some = lesson(api, 4)
    answer = api("PATCH", "/weights", body=as_json(Block(9 - some.labels, some.pixels)) | {"learning_rate": 3e38})
    assert answer.status_code == 422
    assert "makes the weights infinite" in answer.json_body["error"]["message"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_unknown_model_cannot_be_written(api: Api, method: str) -> None:
    bodies = {"POST": {"tensors": {}}, "PATCH": as_json(lesson(api)), "DELETE": None}
    assert api(method, "/weights?model=x", body=bodies[method]).status_code == 404
