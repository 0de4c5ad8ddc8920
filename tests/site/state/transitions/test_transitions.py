"""What the page's state becomes by events: its start, training, weights, blocks and the API."""

import re

import pytest
from scrawl import protocol
from scrawl.state import transitions
from scrawl.state.app_state import State
from scrawl.state.transitions import apply
from scrawl.storage import restore

from infra.paths import SITE
from tests.support.networks.page_records import DEEP, MLP, MODELS, progress, report_training

SOURCES = "\n".join(path.read_text("utf-8") for path in (SITE / "scrawl").rglob("*.py") if path.name != "protocol.py")
# The page's own, and those in the tables that features add.
EVENTS = {*transitions.TRANSITIONS, *re.findall(r'(?:^    |[{,] ?)"(\w+)": \w', SOURCES, re.MULTILINE)}


def phase(state: State) -> str:
    return state.phase


@pytest.mark.parametrize("report", protocol.REPORTS)
def test_each_report_of_the_worker_has_a_transition(report: str) -> None:
    # In one of the tables of transitions, the features' included, or a handler answers it instead.
    assert report in EVENTS or f'handle_report("{report}"' in SOURCES


def test_ready_needs_a_network_and_its_first_weights(state: State) -> None:
    apply(state, "opened", model=MLP)
    assert phase(state) == "loading"
    apply(state, "weights_loaded", model=MLP, origin="quick", metadata={})
    assert phase(state) == "ready"


def test_shared_weights_that_come_too_late_leave_the_wish_for_new_ones(state: State) -> None:
    apply(state, "new_weights_wanted")
    assert state.record.modified
    apply(state, "weights_loaded", model=MLP, origin="quick", metadata={})  # they were on their way
    assert state.record.modified  # so that the exact ones are not fetched
    apply(state, "weights_loaded", model=MLP, origin="shared", metadata={})
    assert not state.record.modified


def test_ready_does_not_wait_for_an_unavailable_api(state: State) -> None:
    apply(state, "api_away", message="No answer.", seconds=2.0)
    assert phase(state) == "loading"
    apply(state, "opened", model=MLP)
    assert phase(state) == "ready"
    assert state.api_detail == "No answer. Asking again in 2 s."


def test_other_weights_start_the_figures_over(state: State) -> None:
    progress(state, MLP, 10, 0.5, 0.8)
    apply(state, "evaluated", model=MLP, iteration=10, loss=0.6, accuracy=0.75, count=10000, on_curve=True)
    apply(state, "weights_loaded", model=MLP, origin="random", metadata={})
    assert (state.record.iteration, state.record.loss, state.record.train_accuracy, state.record.test_accuracy) == (
        0,
        None,
        None,
        None,
    )
    assert state.record.history.last_iteration() == 0


def test_diverged_run_is_reported_with_its_iteration_and_loses_what_came_after_the_good_weights(state: State) -> None:
    apply(state, "training_wanted", on=True)
    report_training(state, MLP, 10)
    progress(state, MLP, 15, 900.0, 0.1)
    apply(state, "diverged", model=MLP, iteration=17, back_to=10)
    assert not state.training
    assert "at iteration 17" in state.record.notices["train"].text
    assert "iteration 10" in state.record.notices["train"].text
    assert "A lower learning rate will help: try 0.1." in state.record.notices["train"].text
    assert (state.record.iteration, state.record.history.last_iteration()) == (10, 10)


def test_weights_that_the_api_shares_and_nobody_can_use_leave_the_page_usable(state: State) -> None:
    apply(state, "opened", model=MLP)
    apply(state, "weights_refused", model=MLP, origin="quick", message="too large")
    assert phase(state) == "ready"
    assert "cannot be used: too large" in state.record.notices["weights"].text
    assert state.record.unusable == "too large"
    apply(state, "weights_loaded", model=MLP, origin="shared", metadata={})
    assert state.record.unusable == ""


def test_refused_block_is_named(state: State) -> None:
    apply(state, "block_refused", split="train", index=7, message="a block starts with b'SCRB', got b'<!do'")
    text = state.record.notices["train"].text
    assert "train 7" in text
    assert "got b'<!do'" in text


def test_refused_block_stays_shown_when_the_first_good_one_arrives(state: State) -> None:
    apply(state, "block_refused", split="train", index=7, message="a block starts with b'SCRB', got b'<!do'")
    apply(state, "blocks", cached=1, total=60, in_flight=3)
    assert "(train 7)" in state.record.notices["train"].text


def test_first_block_settles_the_waiting_but_not_other_messages(state: State) -> None:
    apply(state, "training_wanted", on=True)
    assert "Fetching" in state.record.notices["train"].text
    apply(state, "blocks", cached=1, total=60, in_flight=3)
    assert "train" not in state.record.notices
    apply(state, "block_refused", split="train", index=7, message="a lie")
    apply(state, "blocks", cached=2, total=60, in_flight=3)
    assert "a lie" in state.record.notices["train"].text


def test_refused_weights_end_what_was_under_way(state: State) -> None:
    apply(state, "busy", model=MLP, task="load", text="Loading")
    apply(
        state,
        "weights_refused",
        model=MLP,
        origin="kept",
        message="fc1.weight is 128×784 in this network, 64×784 in the file",
    )
    assert state.record.busy == ""
    assert "64×784" in state.record.notices["weights"].text
    apply(state, "weights_loaded", model=MLP, origin="file", metadata={})
    assert "weights" not in state.record.notices  # it spoke of others


def test_refused_file_is_said_where_files_are_opened_alone(state: State) -> None:
    apply(state, "busy", model=MLP, task="load", text="Loading")
    apply(state, "weights_refused", model=MLP, origin="file", message="too large")
    assert (state.record.busy, state.record.notices["weights"].text) == ("load", "Loading")


def test_what_is_said_of_an_outage_goes_with_it(state: State) -> None:
    apply(state, "sampled", picture=None, label=0)
    apply(state, "settled", model=MLP, text="The API is away", tone="warning", missing="api")
    apply(state, "settled", model=DEEP, text="Sent.", tone="good")
    apply(state, "api_up")
    assert state.notices == {}
    assert "weights" not in state.record_of(MLP).notices
    assert state.record_of(DEEP).notices["weights"].text == "Sent."


def test_every_event_that_is_dispatched_exists() -> None:
    dispatched = set(re.findall(r"dispatch\(\s*\"(\w+)\"", SOURCES))
    assert dispatched
    assert dispatched <= EVENTS


def test_fatal_error_stays_shown_when_other_things_come() -> None:
    state = State()
    apply(state, "no_kernel", message="this browser has no WebAssembly")
    apply(state, "models_known", models=MODELS)
    apply(state, "features_loaded")
    assert "no WebAssembly" in state.notices["page"].text
    restore.TRANSITIONS["saved_weights_unread"](state, reason="the storage is closed")
    apply(state, "features_loaded")
    assert "could not be read (the storage is closed)" in state.notices["page"].text
    state = State()
    apply(state, "models_missing", message="no answer", seconds=4)
    apply(state, "models_known", models=MODELS)
    assert "page" not in state.notices
