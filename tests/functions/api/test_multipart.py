"""Forms with a file, as `curl -F` sends them, and what `/predict` makes of them."""

import json

import numpy as np
import pytest

from functions.api.multipart import only_file
from functions.errors import FormatError, InvalidValueError
from functions.images.image_files import encode_png
from tests.support.api import Api
from tests.support.digits.samples import digit_like

PICTURE = encode_png(np.round(digit_like(1, seed=3)[0][0] * 255).astype(np.uint8))


def form(*parts: tuple[str, bytes], end: bytes = b"--xyz--\r\n") -> bytes:
    """Return a form; each part has the rest of its Content-Disposition, and its content."""
    head = "Content-Disposition: form-data; {}\r\nContent-Type: application/octet-stream\r\n\r\n"
    return b"".join(b"--xyz\r\n" + head.format(name).encode() + body + b"\r\n" for name, body in parts) + end


FILE = ('name="image"; filename="digit.png"', PICTURE)
FIELD = ('name="note"', b"mine")


@pytest.mark.parametrize("parts", [[FILE], [FIELD, FILE], [('name="image"', PICTURE)]])
def test_only_file_or_only_field_is_found(parts: list[tuple[str, bytes]]) -> None:
    assert only_file(form(*parts), "xyz") == PICTURE


@pytest.mark.parametrize(
    ("body", "boundary", "message"),
    [
        (form(FILE), None, "must name the boundary"),
        (form(FILE), "abc", "it does not end with its boundary 'abc'"),
        (form(FILE, end=b""), "xyz", "cut off"),
        (b"--xyz\r\nno head\r\n--xyz--", "xyz", "no empty line"),
        (form(FILE, FILE), "xyz", "must have one file, got 2: image, image"),
        (form(FIELD, FIELD), "xyz", "must have one file, got 2: note, note"),
        (form(), "xyz", "must have one file, got 0: no field"),
    ],
)
def test_other_forms_are_refused(body: bytes, boundary: str | None, message: str) -> None:
    with pytest.raises((FormatError, InvalidValueError), match=message):
        only_file(body, boundary)


def test_predict_reads_forms_and_bodies_without_a_type(api: Api) -> None:
    plain = api("POST", "/predict", body=PICTURE, headers={"Content-Type": "image/png"}).json_body
    tensor = json.dumps({"tensor": [0.5] * 784}).encode()
    for body, kind in (
        (form(FILE), "multipart/form-data; boundary=xyz"),
        (PICTURE, "application/x-www-form-urlencoded"),
        (PICTURE, "application/octet-stream"),
    ):
        assert api("POST", "/predict", body=body, headers={"Content-Type": kind}).json_body == plain
    for body, kind in (
        (form(('name="json"', tensor)), 'multipart/form-data; boundary="xyz"'),
        (tensor, "application/x-www-form-urlencoded"),
    ):
        assert "label" in api("POST", "/predict", body=body, headers={"Content-Type": kind}).json_body


def test_picture_that_curl_has_damaged_is_named(api: Api) -> None:
    damaged = PICTURE.translate(None, b"\r\n\0")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = api("POST", "/predict", body=damaged, headers=kind)
    assert answer.status_code == 400
    assert "--data-binary" in answer.json_body["error"]["message"]
