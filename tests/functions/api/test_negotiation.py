"""gzip, in both directions: through the events of a Lambda and through the local gateway."""

import gzip
import io
import json
import math
import zlib
from typing import Any

import pytest
from chalice.test import HTTPResponse

from functions.api.limits import LARGEST_BODY, LARGEST_UNPACKED
from functions.api.middleware import LARGEST_ANSWER
from functions.api.negotiation import accepts_gzip
from functions.app import app
from functions.storage.memory import MemoryStore
from infra.local.gateway import ApiGateway
from tests.support.api import Api, serving

ZIPPED = {"Accept-Encoding": "gzip, deflate, br"}
TENSOR = json.dumps({"tensor": [0.25] * 784}).encode()


def predict(api: Api, body: bytes, coding: str = "gzip") -> HTTPResponse:
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    return api("POST", "/predict", body=body, headers=headers)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("GZIP;Q=0.1", True),
        ("*", True),
        ("deflate, *;q=0.2", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("identity", False),
        ("gzip;q=0.5, identity", False),
        ("gzip, identity;q=0.5", True),
        ("identity;q=0, *", True),
        ("gzip;q=x", False),
    ],
)
def test_whether_gzip_is_wanted(header: str, wanted: bool) -> None:
    assert accepts_gzip(header) == wanted


def test_large_json_comes_compressed(api: Api) -> None:
    answer = api("GET", "/weights", headers=ZIPPED)
    plain = api("GET", "/weights")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == plain.body
    assert len(answer.body) < 0.6 * len(plain.body)
    for each in (answer, plain):
        assert each.headers["Vary"] == "Accept, Accept-Encoding"


def test_what_does_not_shrink_is_left_alone(api: Api) -> None:
    for accept in ("application/vnd.safetensors", "application/vnd.onnx"):
        answer = api("GET", "/weights", headers=ZIPPED | {"Accept": accept})
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers
    small = api("GET", "/weights?version=x", headers=ZIPPED)
    assert small.status_code == 404
    assert "Content-Encoding" not in small.headers


def test_stored_shard_is_not_compressed_twice(api: Api) -> None:
    answer = api("GET", "/datablock/train/0", headers=ZIPPED)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body)[:4] == b"SCRB"
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_compressed_answer_has_an_etag_of_its_own(api: Api) -> None:
    plain = api("GET", "/weights").headers["ETag"]
    zipped = api("GET", "/weights", headers=ZIPPED).headers["ETag"]
    assert plain != zipped
    for etag, headers, status in (
        (plain, {}, 304),
        (zipped, ZIPPED, 304),
        (f"W/{zipped}", ZIPPED, 304),
        (zipped, {}, 200),
        ('"other.gzip"', ZIPPED, 200),
    ):
        answer = api("GET", "/weights", headers=headers | {"If-None-Match": etag})
        assert answer.status_code == status, (etag, headers)
        if status == 304:
            assert answer.headers["ETag"] == etag.removeprefix("W/")
            assert "Content-Encoding" not in answer.headers


def test_answer_that_no_lambda_carries_is_to_be_had_in_gzip(memory: MemoryStore) -> None:
    with serving(memory, stage="prod", write_token="t") as api:
        plain = api("GET", "/weights?model=conv-32-64")
        assert plain.status_code == 406
        assert "ask for it in gzip" in plain.json_body["error"]["message"]
        zipped = api("GET", "/weights?model=conv-32-64", headers=ZIPPED)
        assert zipped.status_code == 200
        assert len(zipped.body) < LARGEST_ANSWER < len(gzip.decompress(zipped.body))


def test_largest_weights_as_json_can_be_sent_back_in_gzip_and_not_plain(memory: MemoryStore) -> None:
    with serving(memory, stage="prod", write_token="t") as api:
        path, sent = "/weights?model=conv-32-64", {"Content-Type": "application/json", "Authorization": "Bearer t"}
        zipped = api("GET", path, headers=ZIPPED).body
        assert api("POST", path, body=zipped, headers=sent | {"Content-Encoding": "gzip"}).status_code == 201
        refused = api("POST", path, body=gzip.decompress(zipped), headers=sent)
        assert refused.status_code == 413
        assert (
            "smaller with Content-Encoding: gzip, and weights as safetensors" in refused.json_body["error"]["message"]
        )


def test_largest_body_fits_into_a_lambdas_event_with_the_longest_headers() -> None:
    """API Gateway takes 10,240 bytes of headers, which an event has twice; Lambda takes 6 MB of event."""
    headers, context = 2 * 10_240, 2_000
    assert 4 * math.ceil(LARGEST_BODY / 3) + headers + context < 6 * 1024**2


def test_etag_of_a_compressed_answer_is_good_for_writing(api: Api) -> None:
    etag = api("GET", "/weights", headers=ZIPPED).headers["ETag"]
    sample = api("GET", "/data").json_body
    assert api("PATCH", "/weights", body=sample, headers={"If-Match": etag}).status_code == 200
    assert api("PATCH", "/weights", body=sample, headers={"If-Match": etag}).status_code == 412


def test_body_may_come_compressed(api: Api) -> None:
    plain = predict(api, TENSOR, "identity")
    assert plain.status_code == 200
    for coding in ("gzip", "GZIP", " gzip "):
        assert predict(api, gzip.compress(TENSOR), coding).json_body == plain.json_body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (TENSOR, "cannot be unpacked"),
        (b"", "its end is missing"),
        (gzip.compress(TENSOR, mtime=0)[:-9], "its end is missing"),
        (gzip.compress(TENSOR, mtime=0) + b"more", "cannot be unpacked"),
        (zlib.compress(TENSOR), "cannot be unpacked"),
        (gzip.compress(TENSOR, mtime=0)[:-8] + bytes(8), "cannot be unpacked"),
    ],
)
def test_body_that_is_not_the_gzip_it_says_is_malformed(api: Api, body: bytes, message: str) -> None:
    answer = predict(api, body)
    assert answer.status_code == 400
    assert message in answer.json_body["error"]["message"]


def test_body_that_unpacks_to_too_much_is_refused(api: Api) -> None:
    bomb = gzip.compress(bytes(LARGEST_UNPACKED + 1))
    assert len(bomb) < LARGEST_BODY
    answer = predict(api, bomb)
    assert answer.status_code == 413
    assert str(LARGEST_UNPACKED) in answer.json_body["error"]["message"]


def test_one_of_several_etags_may_be_the_current_one(api: Api) -> None:
    sample = api("GET", "/data").json_body
    for tags in ('"20200101T000000000-00000000", "{}"', 'W/"{}.safetensors", "b"', '"b", *'):
        headers = {"If-Match": tags.format(api.version)}
        assert api("PATCH", "/weights", body=sample, headers=headers).status_code == 200
    assert api("PATCH", "/weights", body=sample, headers={"If-Match": '"a", "b"'}).status_code == 412


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/weights", "application/json"),
        ("/weights", "application/vnd.safetensors"),
        ("/openapi.json", "*/*"),
        ("/datablock/train/0", "*/*"),
    ],
)
def test_304_varies_with_the_same_headers_as_200(api: Api, path: str, accept: str) -> None:
    full = api("GET", path, headers={"Accept": accept})
    unchanged = api("GET", path, headers={"Accept": accept, "If-None-Match": full.headers["ETag"]})
    assert (full.status_code, unchanged.status_code) == (200, 304)
    assert full.headers.get("Vary") == unchanged.headers.get("Vary")


def test_head_says_how_long_the_answer_to_get_is(api: Api) -> None:
    head = api("HEAD", "/weights")
    assert not head.body
    assert int(head.headers["Content-Length"]) == len(api("GET", "/weights").body)


@pytest.mark.parametrize("coding", ["br", "gzip, gzip"])
def test_other_codings_are_refused(api: Api, coding: str) -> None:
    answer = predict(api, TENSOR, coding)
    assert answer.status_code == 415
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.usefixtures("api")
def test_local_gateway_passes_both_directions_on() -> None:
    started: dict[str, Any] = {}
    body = gzip.compress(json.dumps({"block": 5}).encode())
    environ = {
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": "/api/datablock",
        "HTTP_ACCEPT_ENCODING": "gzip",
        "HTTP_CONTENT_ENCODING": "gzip",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    gateway = ApiGateway(app, "/api")
    answer = b"".join(gateway(environ, lambda status, headers: started.update(headers, status=status)))
    assert started["status"] == "200 OK"
    assert (started["Content-Encoding"], started["Content-Length"]) == ("gzip", str(len(answer)))
    assert len(json.loads(gzip.decompress(answer))["data"]) == 5
