"""Saved runs, without a browser: which runs are saved, what they are called, how curves are read off."""

from typing import TYPE_CHECKING, Any

import pytest
from scrawl.runs.runs_state import MOST, TRANSITIONS, RunsState, name_of, nearest_point
from scrawl.state import settings as presets
from scrawl.state.app_state import State
from scrawl.state.history import History

if TYPE_CHECKING:
    from scrawl.state.settings import Value


@pytest.fixture
def state() -> State:
    state = State()
    state.runs = RunsState()
    state.settings = presets.settings_for([{"kind": "dense"}])
    return state


def apply(state: State, event: str, **fields: Any) -> None:
    TRANSITIONS[event](state, **fields)


def run_for(state: State, points: int, loss: float = 1.0) -> History:
    """Give the current run of the selected network so many points."""
    record = state.record
    record.run_settings = state.settings
    record.iteration = points
    for iteration in range(1, points + 1):
        record.history.add("test", iteration, loss / iteration, 1 - 0.5 / iteration)
    apply(state, "run_progressed", model=state.model)
    return record.history


def start_over(state: State) -> None:
    state.record.start_over()
    apply(state, "run_ended", model=state.model)


def test_a_run_is_saved_when_other_weights_replace_its_own(state: State) -> None:
    history = run_for(state, 5)
    start_over(state)
    (run,) = state.runs.saved
    assert run.history is history
    assert state.overlays == ((history.test, run.slot),)


def test_a_run_without_a_curve_is_not_saved(state: State) -> None:
    run_for(state, 1)
    start_over(state)
    start_over(state)
    assert state.runs.saved == []


def test_a_run_saved_on_the_way_stays_as_it_was(state: State) -> None:
    run_for(state, 5)
    apply(state, "run_saved", model=state.model)
    state.record.history.add("test", 6, 0.1, 0.99)
    assert state.runs.saved[0].history.test.iterations == [1, 2, 3, 4, 5]


def test_the_same_run_is_saved_once(state: State) -> None:
    run_for(state, 5)
    apply(state, "run_saved", model=state.model)
    apply(state, "run_saved", model=state.model)
    start_over(state)
    assert len(state.runs.saved) == 1


def test_the_oldest_run_is_dropped_and_no_two_look_alike(state: State) -> None:
    for number in range(MOST + 2):
        run_for(state, 5, loss=number + 1)
        start_over(state)
    assert len(state.runs.saved) == MOST
    assert {run.slot for run in state.runs.saved} == set(range(MOST))
    assert state.runs.saved[0].history.test.values["loss"][0] == 3


def test_runs_are_renamed_hidden_and_removed(state: State) -> None:
    run_for(state, 5)
    start_over(state)
    (run,) = state.runs.saved
    apply(state, "run_renamed", slot=run.slot, name="  my \n run ")
    assert run.name == "my run"
    apply(state, "run_renamed", slot=run.slot, name=" ")
    assert run.name == "MLP 128, SGD 0.5, batch 64"
    apply(state, "run_toggled", slot=run.slot, on=False)
    assert state.overlays == ()
    apply(state, "run_removed", slot=run.slot)
    assert state.runs.saved == []


def test_names_tell_what_is_not_the_default() -> None:
    typed: dict[str, Value] = {
        "optimizer": "momentum",
        "momentum": 0.5,
        "weight_decay": 0.001,
        "augment": True,
        "seed": 7,
    }
    settings = presets.settings_for([], {**typed, "cache_size": 10})
    expected = "Conv 32-64, SGD with momentum 0.05, batch 64, momentum 0.5, decay 0.001, varied, 10 blocks, seed 7"
    assert name_of("conv-32-64", settings) == expected


def test_the_nearest_point_is_read_off() -> None:
    history = History()
    assert nearest_point(history.test, 3) is None
    for iteration in (10, 20, 40):
        history.add("test", iteration, 1.0, 0.5)
    assert [nearest_point(history.test, iteration) for iteration in (0, 14, 16, 29, 100)] == [0, 0, 1, 1, 2]
