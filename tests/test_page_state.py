"""What the page's state becomes by events: drawing, settings, training, weights, the API."""

from pathlib import Path

import pytest
from scrawl import protocol, transitions
from scrawl.state import State
from scrawl.transitions import apply


@pytest.fixture
def state() -> State:
    return State()


@pytest.mark.parametrize("report", [kind for kind in protocol.REPORTS if kind not in ("predicted", "exported")])
def test_each_report_of_the_worker_has_a_transition(report: str) -> None:
    assert report in transitions.TRANSITIONS


def test_ready_needs_a_network_and_its_first_weights(state: State) -> None:
    apply(state, "opened")
    assert state.phase == "loading"
    apply(state, "weights_taken", origin="quick", metadata={})
    assert state.phase == "ready"


def test_ready_does_not_wait_for_an_api_that_is_away(state: State) -> None:
    apply(state, "api_away", message="No answer.", seconds=2.0)
    assert state.phase == "loading"
    apply(state, "opened")
    assert state.phase == "ready"
    assert state.api_detail == "No answer. Asking again in 2 s."


def test_prediction_is_the_likeliest_digit(state: State) -> None:
    assert state.label_of() is None
    probabilities = [0.1] * 4 + [0.4] + [0.04] * 5
    apply(state, "predicted", blank=False, picture=b"", probabilities=probabilities)
    assert state.label_of() == (4, 0.4)
    apply(state, "predicted", blank=True, picture=None, probabilities=[])
    assert state.label_of() is None


def test_setting_takes_effect(state: State) -> None:
    apply(state, "setting_changed", name="batch_size", text="32")
    apply(state, "setting_changed", name="learning_rate", text="0.05")
    assert state.settings["batch_size"] == 32
    assert state.settings["learning_rate"] == 0.05


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[("batch_size", text) for text in ("0", "-1", "1.5", "1025", "", "a", "1e9")],
        *[("learning_rate", text) for text in ("0", "-0.1", "11", "nan", "inf", "")],
        ("cache_size", "0"),
    ],
)
def test_impossible_setting_is_named_and_the_last_one_kept(state: State, name: str, text: str) -> None:
    before = state.settings
    apply(state, "setting_changed", name=name, text=text)
    assert state.settings is before
    assert name.replace("_", " ") in state.notices["settings"].text
    assert f"got {text or 'nothing'}" in state.notices["settings"].text
    assert state.invalid == [name]


def test_message_stays_until_every_setting_is_possible(state: State) -> None:
    apply(state, "setting_changed", name="batch_size", text="0")
    apply(state, "setting_changed", name="cache_size", text="10")
    assert "settings" in state.notices
    apply(state, "setting_changed", name="batch_size", text="8")
    assert "settings" not in state.notices


def test_other_weights_start_the_figures_over(state: State) -> None:
    apply(state, "progress", iteration=10, loss=0.5, accuracy=0.8, samples_per_second=1e5, training=True)
    apply(state, "evaluated", iteration=10, loss=0.6, accuracy=0.75, count=10000)
    apply(state, "weights_taken", origin="random", metadata={})
    assert (state.iteration, state.loss, state.train_accuracy, state.test_accuracy) == (0, None, None, None)
    assert state.history.last_iteration() == 0


def test_last_report_of_another_network_does_not_count(state: State) -> None:
    apply(state, "model_chosen", model="mlp-128-64")
    apply(state, "progress", iteration=10, loss=0.5, accuracy=0.8, samples_per_second=1e5, training=True)
    apply(state, "blocks", cached=7, total=60, in_flight=0)
    apply(state, "opened")
    assert (state.iteration, state.loss, state.cached) == (0, None, 0)


def test_diverged_loss_is_explained(state: State) -> None:
    nan = float("nan")
    apply(state, "progress", iteration=10, loss=nan, accuracy=0.1, samples_per_second=1e5, training=True)
    assert "learning rate" in state.notices["train"].text
    assert state.history.last_iteration() == 0  # there is no place for it on a curve


def test_refused_block_is_told_with_its_name(state: State) -> None:
    apply(state, "block_refused", split="train", index=7, message="a block begins with b'SCRB', got b'<!do'")
    text = state.notices["train"].text
    assert "train 7" in text
    assert "got b'<!do'" in text


def test_refused_block_stays_told_when_the_first_good_one_arrives(state: State) -> None:
    apply(state, "block_refused", split="train", index=7, message="a block begins with b'SCRB', got b'<!do'")
    apply(state, "blocks", cached=1, total=60, in_flight=3)
    assert "(train 7)" in state.notices["train"].text


def test_first_block_settles_the_waiting_but_not_other_messages(state: State) -> None:
    apply(state, "training_wanted", on=True)
    assert "Fetching" in state.notices["train"].text
    apply(state, "blocks", cached=1, total=60, in_flight=3)
    assert "train" not in state.notices
    apply(state, "block_refused", split="train", index=7, message="a lie")
    apply(state, "blocks", cached=2, total=60, in_flight=3)
    assert "a lie" in state.notices["train"].text


def test_refused_weights_end_what_was_under_way(state: State) -> None:
    apply(state, "busy", task="load", text="Loading")
    apply(state, "weights_refused", message="fc1.weight is 128×784 in this network, 64×784 in the file")
    assert state.busy == ""
    assert "64×784" in state.notices["weights"].text


def test_sample_without_any_digits_is_explained(state: State) -> None:
    apply(state, "sampled", picture=None, label=0)
    assert "no block is cached" in state.notices["draw"].text
    assert state.drawing.is_blank()


def test_sample_brings_its_label(state: State) -> None:
    apply(state, "sampled", picture=bytes(784), label=6)
    assert state.label == 6
    assert state.drawing.sample() == (bytes(784), 6)


def test_every_event_that_is_dispatched_exists() -> None:
    import re

    site = Path(transitions.__file__).parent
    sources = [path.read_text("utf-8") for path in site.rglob("*.py")]
    events = {event for source in sources for event in re.findall(r"dispatch\(\s*\"(\w+)\"", source)}
    assert events
    assert events <= set(transitions.TRANSITIONS)


def test_every_request_has_a_method_in_the_worker() -> None:
    site = Path(transitions.__file__).parent
    source = (site / "worker.py").read_text("utf-8") + (site / "training.py").read_text("utf-8")
    for kind, fields in protocol.REQUESTS.items():
        parameters = "".join(f", {field}: " for field in fields[:1])
        assert f"def {kind}(self{parameters}" in source
