"""What the page's URL says of the state, and what is asked for by a URL."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrawl.drawing.tool_state import Tools
from scrawl.net.interfaces import NetworkDescription
from scrawl.runs import url_fragment
from scrawl.state import settings as presets
from scrawl.state.app_state import State

if TYPE_CHECKING:
    from scrawl.state.settings import Value

MODELS: list[NetworkDescription] = [
    {"model": "mlp-128", "title": "MLP", "layers": [{"kind": "dense"}], "parameters": []},
    {"model": "conv-32-64", "title": "Conv", "layers": [{"kind": "conv3x3"}], "parameters": []},
]


@pytest.fixture
def state() -> State:
    state = State()
    state.models, state.tools = MODELS, Tools()
    state.settings = presets.settings_for(MODELS[0]["layers"])
    return state


def test_the_url_of_the_default_state_is_empty(state: State) -> None:
    assert url_fragment.fields_of(state) == {}


def test_a_url_holds_all_that_was_set_and_is_parsed_again(state: State) -> None:
    typed: dict[str, Value] = {
        "optimizer": "adam",
        "target": 0.97,
        "augment": True,
        "batch_size": 32,
        "pace": "slow",
        "seed": 9,
    }
    state.model, state.typed = "conv-32-64", typed
    state.settings = presets.settings_for(MODELS[1]["layers"], typed)
    state.record.origin = "random"
    state.drawing.pen, state.tools.normalising = 12.0, False
    request = url_fragment.parse(url_fragment.fields_of(state), MODELS)
    assert (request.model, request.typed, request.weights) == ("conv-32-64", typed, url_fragment.NEW)
    assert (request.pen, request.normalising, request.problems) == ("fine", False, [])


def test_the_url_holds_the_version_that_a_run_started_from(state: State) -> None:
    state.record.origin, state.record.version = "shared", {"version": "20260101T000000000-0a1b2c3d"}
    assert "weights" not in url_fragment.fields_of(state)
    state.record.iteration = 1
    assert url_fragment.fields_of(state)["weights"] == "20260101T000000000-0a1b2c3d"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("model", "resnet", "resnet is no network: a network is called mlp-H1-H2"),
        ("learning_rate", "99", "Learning rate can be a number from 0.0001 to 10, got 99."),
        ("augment", "perhaps", "got perhaps"),
        ("pen", "brush", "The pen is one of fine, medium, broad, got brush."),
        ("weights", "../secret", "The weights are new or a version, got ../secret."),
    ],
)
def test_a_wrong_field_is_a_problem_and_the_rest_is_used(name: str, text: str, message: str) -> None:
    request = url_fragment.parse({name: text, "seed": "3"}, MODELS)
    assert message in " ".join(request.problems)
    assert request.typed == {"seed": 3}


def test_names_that_are_no_settings_become_sentences_and_no_keys() -> None:
    pairs = [("colour", "red"), ("seed", "3"), ("hasOwnProperty", "1"), ("room", "BCDF"), ("__proto__", "")]
    fields, problems = url_fragment.known_fields(pairs)
    assert fields == {"seed": "3", "room": "BCDF"}
    assert problems == [f"There is no setting {name}." for name in ("colour", "hasOwnProperty", "__proto__")]


def test_the_limits_are_those_of_the_requested_network() -> None:
    assert url_fragment.parse({"batch_size": "1000"}, MODELS).typed == {"batch_size": 1000}
    request = url_fragment.parse({"batch_size": "1000", "model": "conv-32-64"}, MODELS)
    assert (request.typed, len(request.problems)) == ({}, 1)


@given(st.dictionaries(st.sampled_from([*presets.SETTINGS, "model", "pen", "weights", "normalise"]), st.text()))
def test_any_url_can_be_parsed(texts: dict[str, str]) -> None:
    request = url_fragment.parse(texts, MODELS)
    settings = presets.settings_for(MODELS[0]["layers"], request.typed)
    assert set(settings) == set(presets.SETTINGS)


def test_address_of_an_earlier_version_asks_for_what_it_asked_for() -> None:
    old = {
        "model": "conv-32-64",
        "batch_size": "32",
        "learning_rate": "0.01",
        "optimizer": "momentum",
        "augment": "on",
    }
    old |= {"momentum": "0.8", "target": "97", "cache_size": "20", "pace": "slow", "pen": "fine", "normalise": "off"}
    request = url_fragment.parse(old | {"weights": "20260301T080000000-0000000a", "seed": "7"}, MODELS)
    assert request.problems == []
    assert (request.model, request.weights, request.pen) == ("conv-32-64", "20260301T080000000-0000000a", "fine")
    assert (request.typed["batch_size"], request.typed["augment"], request.typed["seed"]) == (32, True, 7)
