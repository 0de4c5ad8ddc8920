"""GET /, GET /data, POST /datablock and GET /datablock/{split}/{index}."""

import gzip
import io

import numpy as np
import pytest
from PIL import Image

from functions.dataset import block
from functions.storage.memory import MemoryStore
from tests.support.api import Api, serving

OCTETS = {"Accept": "application/octet-stream"}


def test_root_says_what_there_is(api: Api) -> None:
    answer = api("GET", "/")
    assert answer.status_code == 200
    root = answer.json_body
    assert root["name"] == "scrawl"
    assert root["dataset"]["splits"] == {"train": {"count": 3000, "shards": 3}, "test": {"count": 2000, "shards": 2}}
    assert root["dataset"]["id"] == api.service.dataset.manifest.id
    assert {"dataset", "title", "notice"} <= root["dataset"].keys()
    models = {model["model"]: model for model in root["models"]}
    assert models["mlp-128"]["parameter_count"] == 101_770
    assert [layer["kind"] for layer in models["mlp-128"]["layers"]] == ["dense", "relu", "dense", "log_softmax"]
    assert models["mlp-128"]["parameters"][0] == {"name": "fc1.weight", "shape": [128, 784]}
    assert root["links"]["weights"] == "/weights"


def test_links_carry_the_prefix(memory: MemoryStore) -> None:
    with serving(memory, api_prefix="/api") as api:
        assert api("GET", "/").json_body["links"]["predict"] == "/api/predict"


def test_data_is_one_labelled_digit(api: Api) -> None:
    answer = api("GET", "/data")
    (sample,) = answer.json_body["data"]
    assert sample["target"] in range(10)
    assert len(sample["image"]) == 784
    assert 0 <= min(sample["image"]) < max(sample["image"]) <= 1
    assert answer.headers["Cache-Control"] == "no-store"


def test_data_comes_from_the_split_that_is_asked_for(api: Api) -> None:
    known = {image.tobytes() for index in range(2) for image in api.service.dataset.shard("test", index).pixels}
    for _ in range(5):
        (sample,) = api("GET", "/data?split=test").json_body["data"]
        assert np.rint(np.array(sample["image"]) * 255).astype(np.uint8).tobytes() in known


def test_data_as_a_picture(api: Api) -> None:
    answer = api("GET", "/data", headers={"Accept": "image/png"})
    assert answer.headers["Content-Type"] == "image/png"
    picture = np.array(Image.open(io.BytesIO(answer.body)))
    assert picture.shape == (28, 28)
    known = {image.tobytes() for index in range(3) for image in api.service.dataset.shard("train", index).pixels}
    assert picture.tobytes() in known


def test_block_of_random_digits_as_json(api: Api) -> None:
    samples = api("POST", "/datablock", body={"block": 128}).json_body["data"]
    assert len(samples) == 128
    assert all(sample["target"] in range(10) and len(sample["image"]) == 784 for sample in samples)


def test_block_of_random_digits_as_bytes(api: Api) -> None:
    answer = api("POST", "/datablock", body={"block": 300}, headers=OCTETS)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert len(block.decode(answer.body)) == 300


def test_json_and_bytes_say_the_same(api: Api) -> None:
    """The pixels of JSON are those of the block, divided by 255, to the last bit of float32."""
    samples = api("POST", "/datablock", body={"block": 1000}).json_body["data"]
    images = np.array([sample["image"] for sample in samples], np.float32)
    assert (np.rint(images * 255).astype(np.uint8).astype(np.float32) / np.float32(255) == images).all()


def test_largest_blocks(api: Api) -> None:
    assert len(api("POST", "/datablock", body={"block": 1000}).json_body["data"]) == 1000
    largest = api("POST", "/datablock", body={"block": 4000}, headers=OCTETS)
    assert len(block.decode(largest.body)) == 3000  # all there are in this small set


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (0, "block must be 1 to 1000, got 0"),
        (-1, "block must be 1 to 1000, got -1"),
        (1_000_000_000, "block must be 1 to 1000, got 1000000000"),
        (1001, "block must be 1 to 1000, got 1001"),
        (1.5, "expected `int`, got `float`"),
        ("a", "expected `int`, got `str`"),
        (None, "expected `int`, got `null`"),
        (True, "expected `int`, got `bool`"),
    ],
)
def test_impossible_block_is_refused(api: Api, wanted: object, message: str) -> None:
    answer = api("POST", "/datablock", body={"block": wanted})
    assert answer.status_code == 422
    assert answer.json_body == {"error": {"code": "invalid", "message": message, "field": "block"}}


def test_impossible_binary_block_is_refused(api: Api) -> None:
    answer = api("POST", "/datablock", body={"block": 4001}, headers=OCTETS)
    assert answer.status_code == 422
    assert answer.json_body["error"]["message"] == "block must be 1 to 4000, got 4001"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "expected JSON"),
        (b"{", 400, "expected JSON"),
        (b"block=3", 400, "expected JSON"),
        (b"\xff\xfe", 400, "expected JSON"),
        (b'{"block": 1, "x": ' + b"[" * 100_000, 400, "expected JSON"),
        (b"[]", 422, "expected `object`, got `array`"),
        (b"{}", 422, "missing required field `block`"),
        (b'{"block": 99999999999999999999999}', 422, "must be 1 to 1000, got 99999999999999999999999"),
    ],
)
def test_wrong_body_is_refused(api: Api, body: bytes, status: int, message: str) -> None:
    answer = api("POST", "/datablock", body=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert message in answer.json_body["error"]["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/data?split=x"), ("POST", "/datablock?split=x")])
def test_unknown_split_is_named(api: Api, method: str, path: str) -> None:
    answer = api(method, path, body={"block": 1} if method == "POST" else None)
    assert answer.status_code == 404
    assert answer.json_body["error"]["message"] == "there is no split 'x'; there are: train, test"


def test_shard_is_passed_on_as_it_is_stored(api: Api, memory: MemoryStore) -> None:
    answer = api("GET", "/datablock/train/2?dataset=x", headers={"Accept-Encoding": "gzip, br"})
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.body == memory.get("data/train/0002.bin.gz").body


@pytest.mark.parametrize("encoding", [None, "identity", "br, gzip;q=0"])
def test_shard_is_decompressed_for_those_who_cannot(api: Api, memory: MemoryStore, encoding: str | None) -> None:
    answer = api("GET", "/datablock/test/0", headers={"Accept-Encoding": encoding} if encoding else {})
    assert "Content-Encoding" not in answer.headers
    assert answer.body == gzip.decompress(memory.get("data/test/0000.bin.gz").body)
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_shard_that_is_known_is_not_sent_again(api: Api) -> None:
    headers = {"Accept-Encoding": "gzip"}
    etag = api("GET", "/datablock/train/0", headers=headers).headers["ETag"]
    answer = api("GET", "/datablock/train/0", headers=headers | {"If-None-Match": etag})
    assert (answer.status_code, answer.body) == (304, b"")
    assert api("GET", "/datablock/train/0", headers={"If-None-Match": etag}).status_code == 200  # not the same bytes


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("validation/0", "there is no split 'validation'; there are: train, test"),
        ("train/3", "split 'train' has the shards 0 to 2, there is no 3"),
        ("train/-1", "shards are numbered from 0, there is no '-1'"),
        ("train/%D9%A0", "shards are numbered from 0"),
        ("train/a", "there is no 'a'"),
        ("train/1.5", "there is no '1.5'"),
        (f"train/{'9' * 5000}", "shards are numbered from 0"),
    ],
)
def test_unknown_shard_is_named(api: Api, path: str, message: str) -> None:
    answer = api("GET", f"/datablock/{path}")
    assert answer.status_code == 404
    assert message in answer.json_body["error"]["message"]


def test_damaged_shard_is_refused_and_named(api: Api, memory: MemoryStore) -> None:
    key = "data/train/0001.bin.gz"
    body = memory.get(key).body
    memory.put(key, body[:-1] + bytes([body[-1] ^ 1]))
    answer = api("GET", "/datablock/train/1")
    assert answer.status_code == 503
    assert answer.json_body["error"]["code"] == "corrupt_data"
    assert f"shard {key} is damaged" in answer.json_body["error"]["message"]
    assert api("GET", "/datablock/train/0").status_code == 200


def test_empty_store_says_what_to_do(empty: MemoryStore) -> None:
    with serving(empty) as api:
        for path in ("/", "/data", "/datablock/train/0", "/weights"):
            answer = api("GET", path)
            assert answer.status_code == 503
            assert "run `scrawl seed`" in answer.json_body["error"]["message"]
