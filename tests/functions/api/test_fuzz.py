"""Whatever is sent, the API answers with a clear refusal or does what was asked: never a 500, never out of bounds.

Bodies are arbitrary bytes, and valid ones with bytes changed, cut off or added, for every route that reads a body.
What a right answer looks like is tested elsewhere.
"""

import io
import os
import tracemalloc
from collections.abc import Iterator
from urllib.parse import urlencode

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from functions.dataset import block
from functions.dataset.block import Block
from functions.storage.memory import MemoryStore
from functions.weights import safetensors
from functions.weights.int8 import to_int8
from tests.support.api import Api, serving

MOST_MEMORY = 200 * 1024 * 1024  # bytes that Python may hold beyond what it held before
EXAMPLES = 60 if os.environ.get("CI") else 20  # continuous integration tries more
BROAD = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],  # too slow: a busy machine
)
UPDATES = "/weights/updates?base=20260101T000000000-0a0b0c0d&samples=50"
JSON, OCTETS, SAFETENSORS = "application/json", "application/octet-stream", "application/vnd.safetensors"


def png() -> bytes:
    """Return a picture of a bar."""
    pixels = np.zeros((40, 40), np.uint8)
    pixels[5:35, 18:23] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def sample_block() -> bytes:
    return block.encode(Block(np.array([1, 2], np.uint8), np.zeros((2, 784), np.uint8)))


def biases() -> bytes:
    return safetensors.encode({"fc2.bias": np.zeros(10, np.float32)}, {"model": "mlp-128"})


def inference_request() -> bytes:
    """Return an Open Inference request with a binary tensor of one image."""
    entry = {"name": "images", "datatype": "FP32", "shape": [1, 784], "parameters": {"binary_data_size": 3136}}
    return msgspec.json.encode({"inputs": [entry]}) + bytes(3136)


VALID = {
    ("POST", "/predict", JSON): msgspec.json.encode({"tensor": [0.5] * 784}),
    ("POST", "/predict?model=mlp-128-64", JSON): b'{"strokes": [[[1, 2], [3.5, 9]], [[4, 4]]], "pen": 0.1}',
    ("POST", "/predict", "image/png"): png(),
    ("POST", "/datablock", JSON): b'{"block": 3}',
    ("POST", "/weights", SAFETENSORS): biases(),
    ("POST", "/weights", JSON): b'{"tensors": {"fc2.bias": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}',
    ("POST", UPDATES, SAFETENSORS): biases(),
    ("POST", UPDATES, OCTETS): safetensors.encode(to_int8({"fc1.weight": np.ones((128, 784), np.float32)}), {}),
    ("POST", "/rooms", JSON): b'{"model": "mlp-128", "hours": 2, "start": "shared"}',
    ("PATCH", "/weights", OCTETS): sample_block(),
    ("PATCH", "/weights", JSON): msgspec.json.encode({"data": [{"target": 3, "image": [0.0] * 784}]}),
    ("POST", "/weights/rollback", JSON): b'{"version": "20260101T000000000-0a0b0c0d"}',
    ("POST", "/v2/models/mlp-128/infer", OCTETS): inference_request(),
    (
        "POST",
        "/v2/models/mlp-128/infer",
        JSON,
    ): b'{"inputs": [{"name": "images", "shape": [1, 2], "datatype": "FP32", "data": [0, 1]}]}',
}


@pytest.fixture(scope="module")
def api(seeded: MemoryStore) -> Iterator[Api]:
    """Return the API over one store, which what is accepted here may change."""
    with serving(MemoryStore(seeded)) as served:
        yield served


def assert_honest(api: Api, route: tuple[str, str, str], body: bytes, **headers: str) -> None:
    """Send a body, and check that the answer is none of an error of ours, and says what is wrong."""
    method, path, media_type = route
    tracemalloc.start()
    try:
        answer = api(method, path, body=body, headers={"Content-Type": media_type} | headers)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status_code < 500, (route, body[:200], answer.body)
    assert peak < MOST_MEMORY
    if answer.status_code >= 400:
        error = msgspec.json.decode(answer.body)["error"]
        assert error if isinstance(error, str) else error["message"]


@pytest.mark.parametrize("route", VALID, ids=" ".join)
@BROAD
@given(body=st.binary(max_size=4000))
def test_arbitrary_bytes_are_refused(api: Api, route: tuple[str, str, str], body: bytes) -> None:
    assert_honest(api, route, body)


@pytest.mark.parametrize("route", VALID, ids=" ".join)
@BROAD
@given(data=st.data())
def test_damaged_bodies_do_no_harm(api: Api, route: tuple[str, str, str], data: st.DataObject) -> None:
    body = bytearray(VALID[route])
    for _ in range(data.draw(st.integers(0, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    body = body[: data.draw(st.integers(0, len(body)))] + data.draw(st.binary(max_size=20))
    assert_honest(api, route, bytes(body))


_text = st.text(st.characters(codec="latin-1"), max_size=70)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)
_names = st.sampled_from(
    [
        "tensor",
        "tensors",
        "image",
        "strokes",
        "pen",
        "data",
        "target",
        "block",
        "version",
        "learning_rate",
        "inputs",
        "outputs",
        "name",
        "shape",
        "datatype",
        "id",
        "parameters",
        "binary_data_size",
        "model",
        "hours",
        "start",
    ]
)


@pytest.mark.parametrize("route", [route for route in VALID if route[2] == JSON], ids=" ".join)
@BROAD
@given(
    value=st.dictionaries(
        _names, _json | st.lists(st.dictionaries(_names, _json, max_size=6), max_size=3), max_size=5
    )
)
def test_json_of_another_shape_is_refused(api: Api, route: tuple[str, str, str], value: object) -> None:
    assert_honest(api, route, msgspec.json.encode(value))


@BROAD
@given(base=_text, samples=_text | st.integers().map(str), participant=_text, key=_text)
def test_any_query_of_an_update_is_answered(api: Api, base: str, samples: str, participant: str, key: str) -> None:
    query = urlencode({"base": base, "samples": samples, "participant": participant})
    assert_honest(api, ("POST", f"/weights/updates?{query}", SAFETENSORS), biases(), **{"Idempotency-Key": key})


@BROAD
@given(length=st.text(max_size=12) | st.integers(-5, 5000).map(str), cut=st.integers(0, 200))
def test_binary_inference_requests_with_wrong_lengths_are_refused(api: Api, length: str, cut: int) -> None:
    body = inference_request()
    route = ("POST", "/v2/models/mlp-128/infer", OCTETS)
    header = "".join(c for c in length if c.isascii() and c.isprintable())
    assert_honest(api, route, body[: len(body) - cut], **{"Inference-Header-Content-Length": header})


@pytest.mark.parametrize("route", [r for r in VALID if r[2] != JSON], ids=" ".join)
def test_announced_sizes_are_not_believed(api: Api, route: tuple[str, str, str]) -> None:
    huge = {
        "/weights": b"\xff" * 7 + b"\x7f" if route[2] == SAFETENSORS else b"SCRB\1\0\0\0\xff\xff\xff\xff\x1c\0\x1c\0",
        UPDATES: b"\xff" * 7 + b"\x7f",
        "/predict": png()[:16] + b"\0\0\xff\xff\0\0\xff\xff" + png()[24:],
        "/v2/models/mlp-128/infer": b'{"inputs":[{"name":"images","datatype":"FP32","shape":[4611686018427387904,'
        b'784],"parameters":{"binary_data_size":4611686018427387904}}]}',
    }
    assert_honest(api, route, huge[route[1]])


def test_deeply_nested_json_is_refused(api: Api) -> None:
    for method, path, media_type in VALID:
        if media_type == JSON:
            assert_honest(api, (method, path, media_type), b"[" * 100_000)
