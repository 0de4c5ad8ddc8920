"""Codes of rooms as people type them, and what the page knows of learning together."""

from string import ascii_uppercase

import pytest
from scrawl.state.app_state import State
from scrawl.together.together_state import (
    ALLOWED,
    CODE_FORM,
    MOST_POINTS,
    TRANSITIONS,
    TogetherState,
    joining_part,
    read_code,
)

from functions.rooms import codes

OWNER = "BCDF-GHJK-MNPQ-RSTV-WXZB-CDFG-HJKM-NPQR-STVW"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("bcdf ghjk-mnpq", "BCDF-GHJK-MNPQ"),
        ("BCDFGHJKMNPQ", "BCDF-GHJK-MNPQ"),
        (OWNER.lower(), OWNER),
        ("BCDF-GHJK-MNP", ""),
        ("BCDF-GHJK-MNP1", ""),
        ("AEIO-UBCD-FGHJ", ""),  # no code has vowels
        ("", ""),
    ],
)
def test_code_is_read_as_people_type_it(typed: str, code: str) -> None:
    assert read_code(typed) == code


def test_page_and_api_know_the_same_letters() -> None:
    assert ALLOWED == codes.LETTERS
    assert all(letter in CODE_FORM.split("none of them")[1] for letter in set(ascii_uppercase) - set(ALLOWED))
    assert CODE_FORM.endswith(codes.FORM.removeprefix("a code"))


def test_what_is_said_of_an_outage_goes_with_it() -> None:
    state = State()
    state.together = TogetherState()
    TRANSITIONS["together_noticed"](state, text="The API is away", tone="warning", missing="api")
    TRANSITIONS["together_api_back"](state)
    assert state.together.notice is None
    TRANSITIONS["together_noticed"](state, text="Kept")
    TRANSITIONS["together_api_back"](state)
    assert state.together.notice is not None


def test_owner_is_told_from_those_who_join() -> None:
    state = State()
    state.together = TogetherState()
    TRANSITIONS["together_started"](state, model="mlp-128", code=OWNER)
    assert (state.together.code, state.together.owner_code) == ("BCDF-GHJK-MNPQ", OWNER)
    TRANSITIONS["together_started"](state, model="mlp-128", code=joining_part(OWNER))
    assert (state.together.code, state.together.owner_code) == ("BCDF-GHJK-MNPQ", "")
    TRANSITIONS["together_stopped"](state, text="over")
    assert not state.together.on
    assert state.together.code == ""


def test_curve_has_a_point_for_each_change_and_an_end() -> None:
    state = State()
    state.together = TogetherState()
    for number in (1, 1, 2):
        TRANSITIONS["together_learned"](state, accuracy=number / 10, participants=number)
    assert (state.together.accuracies, state.together.participants) == ([0.1, 0.2], 2)
    for number in range(2 * MOST_POINTS):
        TRANSITIONS["together_learned"](state, accuracy=number / 1000, participants=1)
    assert len(state.together.accuracies) == MOST_POINTS
