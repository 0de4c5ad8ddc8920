"""Codes of rooms: too many to be guessed, read as people write them, and nothing else is one."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.rooms import codes
from functions.rooms.codes import LETTERS, Code

BROAD = settings(deadline=None, derandomize=True)  # no deadline: the machine may be busy
GUESSES = 10_000  # a second, which is what API Gateway lets through in a region at most
ROOMS = 1000
YEAR = 365 * 24 * 3600


def test_guessing_takes_years_even_without_the_limits_of_the_stack() -> None:
    joining, owning = math.log2(len(LETTERS) ** 12), math.log2(len(LETTERS) ** 36)
    assert 50 < joining < 51
    assert owning > 150
    expected = len(LETTERS) ** 12 / ROOMS / GUESSES
    assert expected > 6 * YEAR


def test_letters_are_drawn_evenly() -> None:
    drawn = Counter(letter for _ in range(2000) for letter in "".join(codes.new()))
    assert set(drawn) == set(LETTERS)
    mean = sum(drawn.values()) / len(LETTERS)
    assert all(abs(count - mean) < 6 * math.sqrt(mean) for count in drawn.values())  # six standard deviations


def test_code_is_read_as_it_is_written() -> None:
    code = codes.new()
    for text in (str(code), str(code).lower(), str(code).replace("-", " "), f" {code}\n"):
        assert codes.read(text) == code
    assert codes.read(code.joining) == Code(code.letters)
    assert code.owns(code.digest)
    assert not Code(code.letters).owns(Code(code.letters).digest)  # who may only join owns nothing


@BROAD
@given(text=st.text(max_size=120) | st.text(alphabet=LETTERS + LETTERS.lower() + "- aeiou0", max_size=80))
def test_anything_else_is_no_code(text: str) -> None:
    code = codes.read(text)
    if code is not None:
        assert (len(code.letters), len(code.secret)) in {(12, 0), (12, 24)}
        assert set(code.letters + code.secret) <= set(LETTERS)


@pytest.mark.parametrize("text", ["", "BCDF-GHJK-MNP", "BCDF-GHJK-MNPQ-B", "ACDF-GHJK-MNPQ", "ßCDF-GHJK-MNPQ"])
def test_no_code(text: str) -> None:
    assert codes.read(text) is None
