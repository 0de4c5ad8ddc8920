"""Bodies as clients send them: codings, media types that say nothing, and encodings of text."""

import gzip
import json
import zlib

import numpy as np
import pytest

from functions.api import bodies
from functions.dataset import block
from functions.dataset.block import Block
from functions.errors import FormatError
from functions.weights import safetensors

TEXT = b"0123456789" * 100
JSON = "application/json"


def raw_deflate(text: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(text) + packing.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:500]) + gzip.compress(TEXT[500:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
    ids=["gzip", "two members", "deflate", "deflate without its header"],
)
def test_packed_body_is_unpacked_up_to_a_size(coding: str, body: bytes) -> None:
    assert bodies.unpack(body, coding, 1000) == TEXT
    assert bodies.unpack(body, coding, 999) is None


@pytest.mark.parametrize(
    ("coding", "body", "message"),
    [
        ("gzip", gzip.compress(TEXT)[:-9], "its end is missing"),
        ("gzip", gzip.compress(TEXT) + b"more", "cannot be unpacked"),
        ("deflate", zlib.compress(TEXT)[:-9], "its end is missing"),
        ("deflate", zlib.compress(TEXT) + b"more", "4 bytes follow it"),
        ("deflate", b"", "its end is missing"),
        ("deflate", b"\xff" * 20, "cannot be unpacked"),
    ],
    ids=["short gzip", "long gzip", "short deflate", "long deflate", "empty", "noise"],
)
def test_body_of_another_coding_is_malformed(coding: str, body: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=f"said to be {coding}, but .*{message}"):
        bodies.unpack(body, coding, 10_000)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_is_read_in_every_encoding_of_unicode(encoding: str) -> None:
    body = '{"text": "ü"}'.encode(encoding)
    assert json.loads(bodies.text(body)) == {"text": "ü"}
    assert bodies.media_type("application/x-www-form-urlencoded", lambda: body) == JSON


@pytest.mark.parametrize("content_type", [None, "", "application/x-www-form-urlencoded", "text/plain;charset=UTF-8"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b' {"a": 1}', JSON),
        (b"[1]", JSON),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0...", "image/jpeg"),
        (block.encode(Block(np.zeros(1, np.uint8), np.zeros((1, 784), np.uint8))), "application/octet-stream"),
        (safetensors.encode({"b": np.zeros(1, np.float32)}, {"x": "y" * 66}), "application/vnd.safetensors"),
    ],
)
def test_first_bytes_tell_what_a_type_does_not(content_type: str | None, body: bytes, kind: str) -> None:
    assert bodies.media_type(content_type, lambda: body) == kind


def test_type_that_says_something_is_believed() -> None:
    assert bodies.media_type("Image/PNG; a=b", lambda: b"{}") == "image/png"
    assert bodies.media_type("application/vnd.api+json", lambda: b"x") == JSON
    assert bodies.media_type("text/plain", lambda: b"x") == "text/plain"
    assert bodies.media_type(None, lambda: b"x") == JSON
