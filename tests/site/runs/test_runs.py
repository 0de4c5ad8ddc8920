"""Kept runs and the page's address, without a browser: what is kept, what it is called, what an address says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrawl.drawing.tool_state import Tools
from scrawl.runs import url_fragment
from scrawl.runs.runs_state import MOST, TRANSITIONS, Runs, at, name_of
from scrawl.state import settings as presets
from scrawl.state.app_state import State
from scrawl.state.history import History

MODELS = [
    {"model": "mlp-128", "layers": [{"kind": "dense"}]},
    {"model": "conv-32-64", "layers": [{"kind": "conv3x3"}]},
]


@pytest.fixture
def state() -> State:
    state = State()
    state.models, state.runs, state.tools = MODELS, Runs(), Tools()
    state.settings = presets.settings_for(MODELS[0]["layers"])
    return state


def apply(state: State, event: str, **fields: object) -> None:
    TRANSITIONS[event](state, **fields)


def run_for(state: State, points: int, loss: float = 1.0) -> History:
    """Let the network under way have shown so many points."""
    record = state.record
    record.run_settings = dict(state.settings)
    record.iteration = points
    for iteration in range(1, points + 1):
        record.history.add("test", iteration, loss / iteration, 1 - 0.5 / iteration)
    apply(state, "run_noted", model=state.model)
    return record.history


def start_over(state: State) -> None:
    state.record.start_over()
    apply(state, "run_over", model=state.model)


def test_a_run_is_kept_when_its_weights_give_way_to_others(state: State) -> None:
    history = run_for(state, 5)
    start_over(state)
    (run,) = state.runs.kept
    assert run.history is history
    assert state.overlays == ((history.test, run.slot),)


def test_what_has_shown_nothing_is_not_kept(state: State) -> None:
    run_for(state, 1)
    start_over(state)
    start_over(state)
    assert state.runs.kept == []


def test_a_run_kept_on_the_way_stays_as_it_was(state: State) -> None:
    run_for(state, 5)
    apply(state, "run_kept", model=state.model)
    state.record.history.add("test", 6, 0.1, 0.99)
    assert state.runs.kept[0].history.test.iterations == [1, 2, 3, 4, 5]


def test_the_same_run_is_kept_once(state: State) -> None:
    run_for(state, 5)
    apply(state, "run_kept", model=state.model)
    apply(state, "run_kept", model=state.model)
    start_over(state)
    assert len(state.runs.kept) == 1


def test_the_oldest_run_gives_way_and_no_two_look_alike(state: State) -> None:
    for number in range(MOST + 2):
        run_for(state, 5, loss=number + 1)
        start_over(state)
    assert len(state.runs.kept) == MOST
    assert {run.slot for run in state.runs.kept} == set(range(MOST))
    assert state.runs.kept[0].history.test.values["loss"][0] == 3


def test_runs_are_renamed_hidden_and_forgotten(state: State) -> None:
    run_for(state, 5)
    start_over(state)
    (run,) = state.runs.kept
    apply(state, "run_renamed", slot=run.slot, name="  my \n run ")
    assert run.name == "my run"
    apply(state, "run_renamed", slot=run.slot, name=" ")
    assert run.name == "MLP 128, SGD 0.3, batch 64"
    apply(state, "run_shown", slot=run.slot, on=False)
    assert state.overlays == ()
    apply(state, "run_forgotten", slot=run.slot)
    assert state.runs.kept == []


def test_names_tell_what_is_not_as_usual() -> None:
    typed = {"optimizer": "momentum", "momentum": 0.5, "weight_decay": 0.001, "augment": True, "seed": 7}
    settings = presets.settings_for([], {**typed, "cache_size": 10})
    expected = "Conv 32-64, SGD with momentum 0.05, batch 64, momentum 0.5, decay 0.001, varied, 10 blocks, seed 7"
    assert name_of("conv-32-64", settings) == expected


def test_the_nearest_point_is_read_off() -> None:
    history = History()
    assert at(history.test, 3) is None
    for iteration in (10, 20, 40):
        history.add("test", iteration, 1.0, 0.5)
    assert [at(history.test, iteration) for iteration in (0, 14, 16, 29, 100)] == [0, 0, 1, 1, 2]


def test_the_usual_address_is_empty(state: State) -> None:
    assert url_fragment.texts_of(state) == {}


def test_an_address_says_all_that_was_set_and_is_understood_again(state: State) -> None:
    typed = {"optimizer": "adam", "target": 0.97, "augment": True, "batch_size": 32, "pace": "slow", "seed": 9}
    state.model, state.typed = "conv-32-64", typed
    state.settings = presets.settings_for(MODELS[1]["layers"], typed)
    state.record.origin = "random"
    state.drawing.pen, state.tools.normalising = 12.0, False
    asked = url_fragment.parse(url_fragment.texts_of(state), MODELS)
    assert (asked.model, asked.typed, asked.weights) == ("conv-32-64", typed, url_fragment.NEW)
    assert (asked.pen, asked.normalising, asked.problems) == ("fine", False, [])


def test_the_version_is_said_that_a_run_began_with(state: State) -> None:
    state.record.origin, state.record.version = "shared", {"version": "20260101T000000000-0a1b2c3d"}
    assert "weights" not in url_fragment.texts_of(state)
    state.record.iteration = 1
    assert url_fragment.texts_of(state)["weights"] == "20260101T000000000-0a1b2c3d"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("model", "resnet", "The model is one of mlp-128, conv-32-64, got resnet."),
        ("learning_rate", "99", "The learning rate is a number from 0.0001 to 10, got 99."),
        ("augment", "perhaps", "got perhaps"),
        ("pen", "brush", "The pen is one of fine, medium, broad, got brush."),
        ("weights", "../secret", "The weights are new or a version, got ../secret."),
        ("colour", "red", "There is no setting colour."),
    ],
)
def test_what_an_address_says_wrongly_is_told(name: str, text: str, message: str) -> None:
    asked = url_fragment.parse({name: text, "seed": "3"}, MODELS)
    assert message in " ".join(asked.problems)
    assert asked.typed == {"seed": 3}


def test_the_limits_are_those_of_the_network_asked_for() -> None:
    assert url_fragment.parse({"batch_size": "1000"}, MODELS).typed == {"batch_size": 1000}
    asked = url_fragment.parse({"batch_size": "1000", "model": "conv-32-64"}, MODELS)
    assert (asked.typed, len(asked.problems)) == ({}, 1)


@given(st.dictionaries(st.sampled_from([*presets.SETTINGS, "model", "pen", "weights", "normalise"]), st.text()))
def test_any_address_is_understood_or_declined(texts: dict[str, str]) -> None:
    asked = url_fragment.parse(texts, MODELS)
    settings = presets.settings_for(MODELS[0]["layers"], asked.typed)
    assert set(settings) == set(presets.SETTINGS)
