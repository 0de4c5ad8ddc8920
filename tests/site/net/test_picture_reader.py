"""What the page says of an image file: the API's words, and by how much to turn it."""

import math

import pytest
from scrawl.net.picture_reader import WARNINGS, arctangent, tilt

from functions import prediction_warnings
from functions.prediction_warnings import PredictionWarning


def test_warnings_are_in_the_words_of_the_api() -> None:
    said = {
        each.code: each.message for each in vars(prediction_warnings).values() if isinstance(each, PredictionWarning)
    }
    assert {code: said[code] for code in WARNINGS} == WARNINGS
    # The page knows the others without its kernel, or never gets such a file.
    assert said.keys() - WARNINGS.keys() == {"unlike_any_digit", "first_picture", "truncated"}


@pytest.mark.parametrize("degrees", [-45, -20, -3, 0, 10, 30, 44])
def test_arctangent_is_close(degrees: int) -> None:
    assert arctangent(math.tan(math.radians(degrees))) == pytest.approx(degrees, abs=0.25)


def test_paper_is_turned_where_its_edges_agree() -> None:
    assert tilt([0.2, 0.21, 0.19]) == pytest.approx(arctangent(0.2))
    assert tilt([0.2, 0.2]) == 0  # two corners say too little
    assert tilt([0.2, 0.21, -0.3, 0.2]) == 0
    assert tilt([0.01, 0.02, 0.01]) == 0  # so little does not matter
