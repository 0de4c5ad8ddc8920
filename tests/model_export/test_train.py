"""The core of `scrawl train`: reproducible, interruptible, and stopping when it diverges."""

import math
import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from functions.dataset.block import Block
from functions.errors import InvalidValueError
from functions.models.inference import Classifier, evaluate
from functions.models.training import Weights, initial_weights
from model_export.architectures import ARCHITECTURES, parameter_table
from model_export.graphs import inference_graph
from model_export.hyperparameters import SCHEDULES, Hyperparameters
from model_export.train import train
from tests.support.digits.samples import digit_like


def digits(count: int, seed: int) -> Block:
    images, labels = digit_like(count, seed)
    return Block(labels.astype(np.uint8), np.rint(images * 255).astype(np.uint8))


TRAINING, TEST = digits(200, 1), digits(50, 2)


def equal(first: Weights, second: Weights) -> bool:
    return all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_a_run_is_reproducible_from_its_seed(model: str) -> None:
    settings = Hyperparameters(epochs=2, batch=64, augmentation="full", strokes=20, seed=5)
    first, again = (train(model, settings, TRAINING, TEST, quiet=True) for _ in range(2))
    other = train(
        model,
        Hyperparameters(epochs=2, batch=64, augmentation="full", strokes=20, seed=6),
        TRAINING,
        TEST,
        quiet=True,
    )
    assert first.reason == "finished"
    assert equal(first.weights, again.weights)
    assert first.epochs == again.epochs
    assert not equal(first.weights, other.weights)


def test_threads_do_not_change_what_is_drawn() -> None:
    settings = Hyperparameters(epochs=1, batch=64, augmentation="light")
    one, two = (train("mlp-128", settings, TRAINING, TEST, threads=n, quiet=True) for n in (1, 2))
    for name, value in one.weights.items():  # the order of sums may differ among threads, the batches must not
        np.testing.assert_allclose(two.weights[name], value, atol=1e-5)


def test_training_learns_its_digits_and_measures_every_epoch() -> None:
    settings = Hyperparameters(epochs=60, batch=50, augmentation="none", learning_rate=0.05)
    trained = train("mlp-128", settings, TRAINING, TRAINING, quiet=True)
    assert len(trained.epochs) == 60
    assert trained.epochs[-1].train_loss < trained.epochs[0].train_loss / 4
    assert trained.accuracy == trained.epochs[-1].accuracy > 0.9


def test_training_continues_from_given_weights() -> None:
    start = initial_weights(dict(parameter_table(ARCHITECTURES["mlp-128"].layers)), 9)
    settings = Hyperparameters(epochs=1, learning_rate=1e-9, momentum=0, weight_decay=0)
    trained = train("mlp-128", settings, TRAINING, TEST, start=start, quiet=True)
    for name, value in trained.weights.items():
        np.testing.assert_allclose(value, start[name], atol=1e-6)


@pytest.fixture
def heeding_ctrl_c() -> Iterator[None]:
    """React to Ctrl-C, which a shell's background job ignores from its start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_interrupted_run_keeps_the_best_so_far() -> None:
    settings = Hyperparameters(
        epochs=100_000, batch=50, learning_rate=0.3, schedule="constant", augmentation="none"
    )  # a bumpy road
    timer = threading.Timer(1.0, signal.raise_signal, [signal.SIGINT])
    timer.start()
    trained = train("mlp-128", settings, TRAINING, TEST, quiet=True)
    timer.join()
    best = max(epoch.accuracy for epoch in trained.epochs)
    assert trained.reason == "interrupted"
    assert f"of 100000 epochs; keeping the best so far, {best:.2%}" in trained.message
    classifier = Classifier(inference_graph(ARCHITECTURES["mlp-128"], trained.weights), trained.weights)
    assert evaluate(classifier, TEST.images(), TEST.labels)[1] == trained.accuracy == best


def test_diverging_run_stops_says_where_and_keeps_good_weights() -> None:
    settings = Hyperparameters(epochs=3, batch=50, learning_rate=1e6, augmentation="none", schedule="constant")
    trained = train("mlp-128", settings, TRAINING, TEST, quiet=True)
    assert trained.reason == "diverged"
    assert "diverged at step 2: the loss was" in trained.message
    assert "try a lower learning rate; keeping the first weights" in trained.message
    assert all(np.isfinite(value).all() for value in trained.weights.values())
    assert equal(trained.weights, initial_weights(dict(parameter_table(ARCHITECTURES["mlp-128"].layers)), 0))


def test_last_step_of_an_epoch_that_ruins_the_weights_is_noticed() -> None:
    """An epoch of one step: the loss before it is fine, and there is no later step in it to show the damage."""
    settings = Hyperparameters(epochs=1, batch=200, learning_rate=1e30, augmentation="none", schedule="constant")
    trained = train("mlp-128", settings, TRAINING, TEST, quiet=True)
    assert trained.reason == "diverged"
    assert "diverged at step 1: the test loss was" in trained.message
    assert all(np.isfinite(value).all() for value in trained.weights.values())
    assert trained.epochs == ()


def test_run_that_diverges_late_keeps_the_best_weights_measured() -> None:
    # This decay turns each weight into -1.5 times itself, step by step.
    settings = Hyperparameters(
        epochs=40, batch=200, momentum=0, weight_decay=50, schedule="constant", augmentation="none"
    )
    trained = train("mlp-128", settings, TRAINING, TRAINING, quiet=True)
    assert trained.reason == "diverged"
    assert len(trained.epochs) > 1
    best = max(epoch.accuracy for epoch in trained.epochs)
    assert f"keeping the best so far, {best:.2%}" in trained.message
    classifier = Classifier(inference_graph(ARCHITECTURES["mlp-128"], trained.weights), trained.weights)
    assert evaluate(classifier, TRAINING.images(), TRAINING.labels)[1] == trained.accuracy == best


@pytest.mark.parametrize(
    ("setting", "field", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate", "above 0, got 0.0"),
        ({"learning_rate": -1.0}, "learning_rate", "above 0, got -1.0"),
        ({"learning_rate": math.nan}, "learning_rate", "above 0, got nan"),
        ({"momentum": 1.5}, "momentum", "below 1, got 1.5"),
        ({"weight_decay": math.inf}, "weight_decay", "got inf"),
        ({"epochs": 0}, "epochs", "at least 1, got 0"),
        ({"batch": -3}, "batch", "at least 1, got -3"),
        ({"strokes": -1}, "strokes", "at least 0, got -1"),
        ({"seed": -1}, "seed", "at least 0, got -1"),
        ({"schedule": "sine"}, "schedule", "one of constant, linear, cosine, warm-cosine, got 'sine'"),
        ({"augmentation": "wild"}, "augmentation", "one of none, light, full, got 'wild'"),
    ],
)
def test_settings_that_cannot_work_are_refused(setting: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message) as caught:
        Hyperparameters(**setting)
    assert caught.value.field == field


def test_unknown_architecture_and_missing_digits_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="'mlp-0' has a hidden layer of 0 units"):
        train("mlp-0", Hyperparameters(), TRAINING, TEST, quiet=True)
    with pytest.raises(InvalidValueError, match="training needs digits, got 0 to train on and 50"):
        train("mlp-128", Hyperparameters(), Block(TRAINING.labels[:0], TRAINING.pixels[:0]), TEST, quiet=True)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_never_ask_for_a_learning_rate_of_zero(name: str) -> None:
    parts = (np.arange(1000) + 0.5) / 1000  # as a run of 1,000 steps asks
    values = [SCHEDULES[name](float(done)) for done in parts]
    assert 0 < min(values) <= max(values) <= 1


def test_metadata_has_the_command_and_the_figures() -> None:
    settings = Hyperparameters(epochs=1, seed=3)
    trained = train("mlp-128", settings, TRAINING, TEST, quiet=True)
    metadata = trained.metadata("mlp-128", settings, 200)
    assert metadata["training"].startswith("scrawl train mlp-128 --epochs 1 --batch 128 --learning-rate 0.05")
    assert "--seed 3" in metadata["training"]
    assert float(metadata["accuracy"]) == pytest.approx(trained.epochs[-1].accuracy, abs=1e-4)
