"""What the page's state becomes by events: drawing, settings, training, weights, the API."""

import re

import pytest
from scrawl import protocol
from scrawl.state import formatting, transitions
from scrawl.state.app_state import State
from scrawl.state.transitions import apply, training

from infra.paths import SITE

MLP, DEEP, CONV = "mlp-128", "mlp-128-64", "conv-32-64"
MODELS = [
    {"model": MLP, "title": "Small", "layers": [{"kind": "dense"}]},
    {"model": DEEP, "title": "Deep", "layers": [{"kind": "dense"}]},
    {"model": CONV, "title": "Conv", "layers": [{"kind": "conv3x3"}]},
]

SOURCES = "\n".join(path.read_text("utf-8") for path in (SITE / "scrawl").rglob("*.py") if path.name != "protocol.py")
# The page's own, and those in the tables that features add.
EVENTS = {*transitions.TRANSITIONS, *re.findall(r'(?:^    |[{,] ?)"(\w+)": \w', SOURCES, re.MULTILINE)}


@pytest.fixture
def state() -> State:
    transitions.register(training.TRANSITIONS)
    state = State()
    apply(state, "models_known", models=MODELS)
    return state


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


def test_prediction_is_the_likeliest_digit(state: State) -> None:
    assert state.label_of() is None
    probabilities = [0.1] * 4 + [0.4] + [0.04] * 5
    apply(state, "predicted", blank=False, picture=b"", probabilities=probabilities, unlike=False)
    assert state.label_of() == (4, 0.4)
    apply(state, "predicted", blank=True, picture=None, probabilities=[], unlike=False)
    assert state.label_of() is None


def test_picture_read_again_with_other_weights_stays(state: State) -> None:
    apply(state, "predicted", blank=False, picture=b"ink", probabilities=[0.1] * 10, unlike=False)
    apply(state, "predicted", blank=False, picture=None, probabilities=[0.2] * 10, unlike=False)
    assert (state.picture, state.probabilities) == (b"ink", [0.2] * 10)
    apply(state, "predicted", blank=True, picture=None, probabilities=[], unlike=False)
    assert state.picture is None


def progress(state: State, model: str, iteration: int, loss: float, accuracy: float) -> None:
    figures = {"epoch": 0.5, "loss": loss, "accuracy": accuracy, "samples_per_second": 1e5}
    apply(state, "progress", model=model, iteration=iteration, points=[iteration, loss, accuracy], **figures)


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


def report_training(state: State, model: str, iteration: int) -> None:
    progress(state, model, iteration, 0.5, 0.8)
    apply(state, "evaluated", model=model, iteration=iteration, loss=0.6, accuracy=0.75, count=10000, on_curve=True)


def test_another_network_has_its_own_run_and_switching_back_finds_the_first(state: State) -> None:
    apply(state, "opened", model=MLP)
    apply(state, "weights_loaded", model=MLP, origin="shared", metadata={"version": "7"})
    apply(state, "etag_known", model=MLP, etag="a")
    apply(state, "training_wanted", on=True)
    report_training(state, MLP, 10)
    record, history = state.record, state.record.history
    apply(state, "model_chosen", model=DEEP)
    assert (state.record.iteration, state.record.test_accuracy, state.record.etag) == (0, None, "")
    assert state.record.history.last_iteration() == 0
    assert not state.record.opened
    apply(state, "model_chosen", model=MLP)
    assert state.record is record
    assert state.record.history is history
    assert (record.iteration, record.test_accuracy) == (10, 0.75)
    assert (record.origin, record.version, record.etag, record.modified) == ("shared", {"version": "7"}, "a", True)


def test_choosing_another_network_pauses_the_first_and_says_so(state: State) -> None:
    apply(state, "training_wanted", on=True)
    apply(state, "model_chosen", model=DEEP)
    assert not state.training
    assert "MLP 128 is paused" in state.record.notices["train"].text


def test_late_answers_concern_the_network_they_are_about(state: State) -> None:
    apply(state, "busy", model=MLP, task="load", text="Loading")
    apply(state, "model_chosen", model=DEEP)
    assert state.record.busy == ""
    report_training(state, MLP, 10)
    apply(state, "weights_loaded", model=MLP, origin="shared", metadata={"version": "7"})
    apply(state, "settled", model=MLP, text="Loaded.", tone="good")
    apply(state, "weights_sent", model=MLP, description={}, etag="b")
    apply(state, "weights_refused", model=MLP, origin="file", message="no")
    assert (state.record.iteration, state.record.origin, state.record.etag) == (0, "", "")
    assert "weights" not in state.record.notices
    assert state.record_of(MLP).etag == "b"


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


@pytest.mark.parametrize(
    ("model", "label"), [(MLP, "MLP 128"), (DEEP, "MLP 128-64"), (CONV, "Conv 32-64"), ("mine", "mine")]
)
def test_networks_have_short_names(model: str, label: str) -> None:
    assert formatting.short_name(model) == label


def test_network_that_is_not_there_any_more_gives_way_to_the_first() -> None:
    state = State()
    state.model = "of-another-version"
    apply(state, "models_known", models=MODELS)
    assert state.model == MODELS[0]["model"]


def test_weights_that_the_api_shares_and_nobody_can_use_leave_the_page_usable(state: State) -> None:
    apply(state, "opened", model=MLP)
    apply(state, "weights_refused", model=MLP, origin="quick", message="too large")
    assert state.phase == "ready"
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
        origin="file",
        message="fc1.weight is 128×784 in this network, 64×784 in the file",
    )
    assert state.record.busy == ""
    assert "64×784" in state.record.notices["weights"].text


def test_sample_without_any_digits_is_explained(state: State) -> None:
    apply(state, "sampled", picture=None, label=0)
    assert "no block is cached" in state.notices["draw"].text
    assert state.drawing.is_blank()


def read(state: State, digit: int) -> None:
    probabilities = [float(other == digit) for other in range(10)]
    apply(state, "predicted", blank=False, picture=b"ink", probabilities=probabilities, unlike=False)


def test_label_follows_the_reading_until_one_is_chosen_and_again_with_a_new_drawing(state: State) -> None:
    apply(state, "pen_down", x=1, y=1)
    read(state, 7)
    assert state.label == 7
    apply(state, "label_chosen", label=8)
    read(state, 1)
    apply(state, "pen_down", x=2, y=2)  # the same drawing goes on
    read(state, 4)
    assert state.label == 8
    apply(state, "cleared")
    read(state, 3)
    assert state.label == 3
    apply(state, "label_chosen", label=9)
    apply(state, "undone")  # back to the drawing before
    read(state, 4)
    assert state.label == 4


def test_label_of_a_sample_does_not_follow_the_reading(state: State) -> None:
    apply(state, "sampled", picture=bytes(784), label=6)
    read(state, 5)
    assert state.label == 6
    apply(state, "cleared")
    read(state, 5)
    assert state.label == 5
    apply(state, "undone")
    read(state, 5)
    assert state.label == 6


def test_sample_brings_its_label(state: State) -> None:
    apply(state, "sampled", picture=bytes(784), label=6)
    assert state.label == 6
    assert state.drawing.sample() == (bytes(784), 6)


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
    state = State()
    apply(state, "models_missing", message="no answer", seconds=4)
    apply(state, "models_known", models=MODELS)
    assert "page" not in state.notices


def test_any_name_of_a_network_can_be_chosen_and_others_cannot(state: State) -> None:
    apply(state, "model_chosen", model="mlp-300-100.gelu")
    assert state.network()["parameters"][0] == {"name": "fc1.weight", "shape": [300, 784]}
    assert [model["model"] for model in state.models][-1] == "mlp-300-100.gelu"
    apply(state, "model_chosen", model="mlp-1000000000")
    assert state.model == "mlp-300-100.gelu"


def test_network_that_the_api_does_not_share_starts_with_random_weights(state: State) -> None:
    apply(state, "model_chosen", model="mlp-300")
    apply(state, "opened", model="mlp-300")
    apply(state, "network_unshared", model="mlp-300")
    assert (state.record.origin, state.record.unshared, state.phase) == ("random", True, "ready")
    assert "does not share this network" in state.record.notices["weights"].text


def test_network_that_cannot_be_made_gives_way_to_one_that_is_there(state: State) -> None:
    first = state.model
    apply(state, "opened", model=first)
    apply(state, "model_chosen", model="mlp-1024")
    apply(state, "not_opened", model="mlp-1024", message="there is no more memory")
    assert state.model == first
    assert "MLP 1024 cannot be made here: there is no more memory" in state.notices["page"].text
    assert "mlp-1024" not in [model["model"] for model in state.models]
