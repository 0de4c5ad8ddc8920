"""Initial weights and the Trainer: reproducible, learning, and refusing what cannot be trained on."""

import math
from typing import Any

import numpy as np
import pytest

from functions.errors import InvalidValueError
from functions.models.manifest import activation_of
from functions.models.training import Trainer, TrainState, initial_weights
from model_export.architectures import ARCHITECTURES, architecture_named, parameter_table
from model_export.graphs import train_step_graph
from tests.support.digits.samples import digit_like

MLP = ARCHITECTURES["mlp-128"]
SHAPES = dict(parameter_table(MLP.layers))


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return Trainer(train_step_graph(MLP), SHAPES)


@pytest.fixture
def state() -> TrainState:
    return TrainState.fresh(initial_weights(SHAPES, 0))


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_initial_weights_follow_the_seed_and_the_fan(model: str) -> None:
    shapes = dict(parameter_table(ARCHITECTURES[model].layers))
    weights, again, other = (initial_weights(shapes, seed) for seed in (3, 3, 4))
    matrices = [name for name in shapes if name.endswith("weight")]
    for name in shapes:
        assert weights[name].dtype == np.float32
        assert np.array_equal(weights[name], again[name])
        if name not in matrices:
            assert not weights[name].any()
    assert not np.array_equal(weights[matrices[0]], other[matrices[0]])
    for name in matrices[:-1]:  # He; a sample's deviation is within a fifth, the smallest tensor has 288 values
        assert weights[name].std() == pytest.approx(math.sqrt(2 / math.prod(shapes[name][1:])), rel=0.2)
    assert weights[matrices[-1]].std() == pytest.approx(math.sqrt(2 / sum(shapes[matrices[-1]])), rel=0.1)


@pytest.mark.parametrize("model", ["mlp-300-100.tanh", "conv-32-64.sigmoid", "conv-32-64.gelu"])
def test_first_weights_suit_the_activation(model: str) -> None:
    layers = architecture_named(model).layers
    shapes = dict(parameter_table(layers))
    weights = initial_weights(shapes, 1, activation_of(layers))
    for name in [name for name in shapes if name.endswith("weight")][:-1]:
        field = math.prod(shapes[name][2:])  # 9 of a convolution
        fan_in, fan_out = shapes[name][1] * field, shapes[name][0] * field
        variance = 2 / fan_in if model.endswith("gelu") else 2 / (fan_in + fan_out)
        assert weights[name].std() == pytest.approx(math.sqrt(variance), rel=0.2)


def test_masks_follow_the_seed_and_leave_out_the_rate() -> None:
    architecture = architecture_named("mlp-300-100.drop20")
    shapes = dict(parameter_table(architecture.layers))
    trainer = Trainer(train_step_graph(architecture), shapes, layers=architecture.layers)
    masks, again, other = (trainer.draw_masks(200, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert {name: mask.shape for name, mask in masks.items()} == {"drop1.mask": (200, 300), "drop2.mask": (200, 100)}
    for name, mask in masks.items():
        assert set(np.unique(mask)) == {0.0, 1.0}
        assert mask.mean() == pytest.approx(0.8, abs=0.02)  # of 20,000 and more
        assert np.array_equal(mask, again[name])
        assert not np.array_equal(mask, other[name])
    state = TrainState.fresh(initial_weights(shapes, 0))
    images, labels = digit_like(3, seed=0)
    first, second = (trainer.step(state, images, labels, learning_rate=0.1).loss for _ in range(2))
    assert first != second  # other masks
    with pytest.raises(InvalidValueError, match=r"dropout needs the masks \{'drop1.mask': \(3, 300\)"):
        trainer.step(state, images, labels, learning_rate=0.1, masks=masks)


def test_loss_falls_and_samples_are_learned(trainer: Trainer, state: TrainState) -> None:
    images, labels = digit_like(32, seed=0)
    first = trainer.step(state, images, labels, learning_rate=0.1)
    for _ in range(300):
        step = trainer.step(state, images, labels, learning_rate=0.1)
        state = step.state
    assert first.loss == pytest.approx(math.log(10), rel=0.3)
    assert step.loss < 0.1
    assert step.correct == 32


def test_batch_sizes_may_differ_from_step_to_step(trainer: Trainer, state: TrainState) -> None:
    for count in (1, 128, 13):
        state = trainer.step(state, *digit_like(count, seed=count), learning_rate=0.1).state


def test_a_step_does_not_change_its_input_state(trainer: Trainer, state: TrainState) -> None:
    before = state.weights
    later = trainer.step(state, *digit_like(8, seed=1), learning_rate=0.1).state
    assert all(np.array_equal(before[name], value) for name, value in state.weights.items())
    assert not np.array_equal(before["fc1.weight"], later.weights["fc1.weight"])


def test_state_does_not_share_memory_with_the_callers_weights() -> None:
    weights = initial_weights(SHAPES, 0)
    state = TrainState.fresh(weights)
    weights["fc2.bias"][0] = 99
    state.weights["fc2.bias"][1] = 99
    assert not state.weights["fc2.bias"].any()


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate", "above 0, got 0.0"),
        ({"learning_rate": -0.1}, "learning_rate", "above 0, got -0.1"),
        ({"learning_rate": math.nan}, "learning_rate", "got nan"),
        ({"learning_rate": math.inf}, "learning_rate", "got inf"),
        ({"momentum": 1.0}, "momentum", "below 1, got 1.0"),
        ({"momentum": math.nan}, "momentum", "got nan"),
        ({"weight_decay": -1e-3}, "weight_decay", "at least 0"),
        ({"images": np.zeros((2, 783), np.float32)}, "images", r"\(B, 784\) .*, got \(2, 783\)"),
        ({"images": np.zeros((0, 784), np.float32)}, "images", "B at least 1"),
        ({"images": np.zeros(784, np.float32)}, "images", r"got \(784,\)"),
        ({"labels": [1]}, "labels", r"2 images need labels \(2,\), got \(1,\)"),
        ({"labels": [1, 10]}, "labels", "0 to 9, got 10"),
        ({"labels": [-1, 1]}, "labels", "0 to 9, got -1"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(
    trainer: Trainer, state: TrainState, change: dict[str, Any], field: str, message: str
) -> None:
    images, labels = digit_like(2, seed=2)
    arguments = {"images": images, "labels": labels, "learning_rate": 0.1, **change}
    with pytest.raises(InvalidValueError, match=message) as caught:
        trainer.step(state, **arguments)
    assert caught.value.field == field


def test_weights_of_another_architecture_are_refused(trainer: Trainer) -> None:
    other = dict(parameter_table(ARCHITECTURES["mlp-128-64"].layers))
    state = TrainState.fresh(initial_weights(other, 0))
    with pytest.raises(
        InvalidValueError, match=r"this model has the tensors fc1.weight, fc1.bias, fc2.weight, fc2.bias"
    ):
        trainer.step(state, *digit_like(2, seed=2), learning_rate=0.1)
