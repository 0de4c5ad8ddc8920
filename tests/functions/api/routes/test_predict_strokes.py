"""POST /predict with pen strokes; how they are drawn is tested with `images`."""

import numpy as np
import pytest

from functions.images.writing import read
from tests.support.api import Api
from tests.support.digits.handwriting import DIGITS

SEVEN = DIGITS[7]


def test_strokes_are_read_as_the_picture_that_the_pen_draws(api: Api) -> None:
    for pen in (0.07, 0.13):
        tensor = read(SEVEN, pen).pixels.reshape(-1).tolist()
        expected = api("POST", "/predict", body={"tensor": tensor}).json_body
        answer = api("POST", "/predict", body={"strokes": SEVEN, "pen": pen})
        assert answer.status_code == 200
        assert answer.json_body == expected
        assert set(expected) == {"label", "probabilities", "model", "version"}


def test_handwriting_is_recognised(api: Api) -> None:
    for model in ("mlp-128", "conv-32-64"):
        read_as = {
            digit: api("POST", f"/predict?model={model}", body={"strokes": strokes}).json_body["label"]
            for digit, strokes in DIGITS.items()
        }
        assert read_as == {digit: digit for digit in DIGITS}


def test_unit_and_place_make_no_difference(api: Api) -> None:
    expected = api("POST", "/predict", body={"strokes": SEVEN}).json_body["probabilities"]
    small = [[(x / 1000 - 5, y / 1000 + 3) for x, y in stroke] for stroke in SEVEN]
    found = api("POST", "/predict", body={"strokes": small}).json_body["probabilities"]
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.usefixtures("mnist")
def test_scribble_is_unlike_any_digit(api: Api) -> None:
    random = np.random.default_rng(0)
    scribble = [random.random((60, 2)).tolist()]
    (warning,) = api("POST", "/predict", body={"strokes": scribble}).json_body["warnings"]
    assert warning["code"] == "unlike_any_digit"


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"strokes": []}, None, "there is no point in the strokes: draw something"),
        ({"strokes": [[], []]}, None, "there is no point in the strokes: draw something"),
        ({"strokes": [[1, 2]]}, "strokes[0][0]", "expected `object | array`, got `int`"),
        ({"strokes": [[[[1, 2], 3]]]}, "strokes[0][0][0]", "expected `float`, got `array`"),
        ({"strokes": [[[1, "2"]]]}, "strokes[0][0][1]", "expected `float`, got `str`"),
        ({"strokes": [[[1, True]]]}, "strokes[0][0][1]", "expected `float`, got `bool`"),
        ({"strokes": [[{"x": 1}]]}, "strokes[0][0]", "object missing required field `y`"),
        ({"strokes": [[[0, 0]], [[0, 1e300]]]}, "strokes[1]", "coordinates are finite numbers, up to a billion"),
        ({"strokes": [[[0, 10**30]]]}, "strokes[0]", "coordinates are finite numbers, up to a billion"),
        ({"strokes": [[[0, 0]] * 4001]}, "strokes", "a digit may have 4000 points and strokes, got more"),
        ({"strokes": SEVEN, "pen": 0.3}, "pen", "a pen is 0.07 to 0.13 of the digit's longer side, got 0.3"),
        ({"strokes": SEVEN, "pen": "thin"}, "pen", "expected `float | null`, got `str`"),
        ({"strokes": SEVEN, "tensor": [0] * 784}, None, "send one of tensor, tensors, image and strokes, got tensor"),
        ({"tensor": [0] * 784, "pen": 0.1}, "pen", "a pen draws strokes, got tensor"),
        ({"pen": 0.1}, None, "send one of tensor, tensors, image and strokes, got none of them"),
    ],
)
def test_wrong_strokes_are_refused(api: Api, body: object, field: str | None, message: str) -> None:
    answer = api("POST", "/predict", body=body)
    assert answer.status_code == 422
    error = answer.json_body["error"]
    assert (error.get("field"), error["message"][: len(message)]) == (field, message)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999", b"9" * 5000])
def test_coordinates_that_are_no_numbers_are_refused(api: Api, number: bytes) -> None:
    body = b'{"strokes": [[[0, ' + number + b"], [1, 1]]]}"
    answer = api("POST", "/predict", body=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json_body["error"]["message"]
