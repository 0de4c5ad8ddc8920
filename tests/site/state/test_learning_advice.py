"""A run that does not learn is told so, with a learning rate to try."""

from typing import Any

import pytest
from scrawl.state import transitions
from scrawl.state.app_state import State
from scrawl.state.learning_advice import advice
from scrawl.state.settings import settings_for
from scrawl.state.transitions import apply, training

MLP = "mlp-128"
MODELS = [{"model": MLP, "title": "Small", "layers": [{"kind": "dense"}]}]


# Measured on MNIST in batches of 64: mean loss and accuracy of the second 8,192 digits.
@pytest.mark.parametrize(
    ("typed", "loss", "accuracy", "message"),
    [
        ({}, 0.31, 0.91, ""),
        ({"learning_rate": 1.0}, 0.36, 0.89, ""),  # more than is good, and yet it learns
        ({"learning_rate": 2.0}, 2.32, 0.11, "too high a learning rate: try 0.1, with new weights"),
        ({"learning_rate": 10.0}, 2.43, 0.10, "too high a learning rate: try 0.1, with new weights"),
        ({"learning_rate": 1.0}, 1.97, 0.27, "too high a learning rate: try 0.1"),  # mlp-128-64: half dead
        ({"optimizer": "momentum", "learning_rate": 1.0}, 2.22, 0.18, "too high a learning rate: try 0.02"),
        ({"optimizer": "adam", "learning_rate": 0.3}, 1.95, 0.28, "too high a learning rate: try 0.001"),
        ({"optimizer": "adam", "learning_rate": 0.1}, 0.86, 0.74, ""),
        ({"learning_rate": 0.0001}, 2.42, 0.12, "very low learning rate: try 0.1"),
        ({"learning_rate": 0.01}, 1.21, 0.74, ""),
        ({"learning_rate": 0.1}, 2.31, 0.10, "Try new weights"),  # a higher rate has spoilt them before
    ],
)
def test_advice_follows_from_what_was_measured(
    typed: dict[str, Any], loss: float, accuracy: float, message: str
) -> None:
    said = advice(settings_for([], typed), 256, loss, accuracy)
    assert message in said
    assert bool(message) == bool(said)


def test_nothing_is_said_before_it_can_be_known() -> None:
    settings = settings_for([], {"learning_rate": 10.0})
    assert advice(settings, 199, 20.0, 0.1) == ""
    assert advice({**settings, "batch_size": 1}, 10_000, 20.0, 0.1) == ""


@pytest.fixture
def state() -> State:
    transitions.register(training.TRANSITIONS)
    state = State()
    apply(state, "models_known", models=MODELS)
    apply(state, "setting_changed", name="learning_rate", text="10")
    apply(state, "training_wanted", on=True)
    apply(state, "blocks", cached=1, total=60, in_flight=0)
    return state


def report(state: State, iteration: int, accuracy: float) -> None:
    figures = {"epoch": 0.5, "loss": 2.4, "accuracy": accuracy, "samples_per_second": 1e5, "points": []}
    apply(state, "progress", model=MLP, iteration=iteration, **figures)


def test_advice_stands_until_the_network_learns(state: State) -> None:
    report(state, 300, 0.1)
    assert "It is not learning" in state.record.notices["train"].text
    report(state, 400, 0.8)
    assert "train" not in state.record.notices


def test_another_learning_rate_gets_its_chance(state: State) -> None:
    report(state, 300, 0.1)
    apply(state, "setting_changed", name="learning_rate", text="0.1")
    report(state, 350, 0.1)
    assert "train" not in state.record.notices
    report(state, 600, 0.1)
    assert "Try new weights" in state.record.notices["train"].text


def test_advice_does_not_replace_what_else_is_wrong(state: State) -> None:
    apply(state, "block_refused", split="train", index=7, message="cut off")
    report(state, 300, 0.1)
    assert "train 7" in state.record.notices["train"].text
