"""The ONNX graphs: valid, described, deterministic; their loss, gradients and updates agree with the reference."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest

from functions.errors import InvalidValueError
from functions.models.inference import Classifier
from functions.models.manifest import Layer
from functions.models.training import Trainer, TrainState, initial_weights
from model_export.architectures import ARCHITECTURES, Architecture, architecture_named, parameter_table
from model_export.graphs import inference_graph, train_step_graph
from tests.support.digits.samples import digit_like, masks_of, weights_with_biases
from tests.support.networks import pytorch, reference

MODELS = [
    *ARCHITECTURES,
    "mlp-30-20.tanh",
    "mlp-20-30-10.sigmoid.drop50",
    "mlp-40.gelu.drop10",
    "conv-9_20.tanh",
    "conv-8-9_20-10.gelu.drop40",
    "conv-8-9_20.sigmoid",
]
BATCHES = [1, 7]  # one sample, and a number that no vector width divides


def shapes_of(model: str) -> dict[str, tuple[int, ...]]:
    return dict(parameter_table(architecture_named(model).layers))


def weights_of(model: str, seed: int) -> dict[str, np.ndarray]:
    return weights_with_biases(shapes_of(model), seed)


def trainer_of(model: str) -> Trainer:
    architecture = architecture_named(model)
    return Trainer(train_step_graph(architecture), shapes_of(model), layers=architecture.layers)


def assert_close(actual: np.ndarray, expected: np.ndarray, tolerance: float, name: str) -> None:
    """Compare relative to the tensor's largest value: single small ones are differences of large sums."""
    scale = max(float(np.abs(expected).max()), 1e-6)
    assert actual.shape == expected.shape, name
    assert float(np.abs(actual - expected).max()) <= tolerance * scale, name


@pytest.mark.parametrize("model", MODELS)
def test_graphs_are_valid_described_and_deterministic(model: str) -> None:
    architecture = architecture_named(model)
    writers: tuple[Callable[[], bytes], ...] = (
        lambda: train_step_graph(architecture),
        lambda: inference_graph(architecture, weights_of(model, 0)),
    )
    for write in writers:
        data = write()
        assert data == write()
        graph = onnx.load_from_string(data)
        onnx.checker.check_model(graph, full_check=True)
        assert {p.key: p.value for p in graph.metadata_props}["model"] == model
        assert {opset.domain for opset in graph.opset_import} == {""}
        described = {info.name for info in [*graph.graph.value_info, *graph.graph.output]}
        assert {output for node in graph.graph.node for output in node.output if output} <= described


@pytest.mark.parametrize("model", MODELS)
def test_inputs_and_outputs_are_named_in_the_agreed_order(model: str) -> None:
    names = list(shapes_of(model))
    graph = onnx.load_from_string(train_step_graph(architecture_named(model))).graph
    others = ["images", "labels", "learning_rate", "momentum", "weight_decay"]
    others += masks_of(architecture_named(model).layers, 1, 0)
    assert [i.name for i in graph.input] == [*names, *(f"momentum.{n}" for n in names), *others]
    state = [*(f"new.{n}" for n in names), *(f"new.momentum.{n}" for n in names)]
    assert [o.name for o in graph.output] == [*state, "loss", "correct"]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("model", MODELS)
def test_loss_and_every_gradient_agree_with_the_reference(model: str, batch: int) -> None:
    images, labels = digit_like(batch, seed=batch)
    weights = weights_of(model, 2)
    layers = architecture_named(model).layers
    masks = masks_of(layers, batch, 8)
    loss, correct, expected = reference.gradients(layers, weights | masks, images, labels)
    step = trainer_of(model).step(TrainState.fresh(weights), images, labels, learning_rate=1.0, masks=masks)
    assert step.loss == pytest.approx(loss, rel=1e-5)
    assert step.correct == correct
    for name, gradient in step.state.momentum.items():  # without momentum and decay, that is the gradient
        assert_close(gradient, expected[name], 1e-5, name)  # float32 sums of up to some thousand products


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("model", MODELS)
def test_ten_steps_with_momentum_and_decay_agree_with_the_reference(model: str, batch: int) -> None:
    settings = {"learning_rate": 0.02, "momentum": 0.9, "weight_decay": 1e-3}
    layers, trainer = architecture_named(model).layers, trainer_of(model)
    weights = weights_of(model, 3)
    state = TrainState.fresh(weights)
    velocity: dict[str, reference.Array] = {name: np.zeros(value.shape) for name, value in weights.items()}
    for number in range(10):
        images, labels = digit_like(batch, seed=100 + number)
        masks = masks_of(layers, batch, number)
        loss, correct, found = reference.gradients(layers, {**weights, **masks}, images, labels)
        weights, velocity = reference.sgd(weights, velocity, found, **settings)
        step = trainer.step(state, images, labels, masks=masks, **settings)
        state = step.state
        assert step.loss == pytest.approx(loss, rel=1e-4), number
        assert step.correct == correct, number
    for name, value in state.weights.items():
        assert_close(value, weights[name], 1e-4, name)  # ten steps let the rounding of float32 add up
        assert_close(state.momentum[name], velocity[name], 1e-3, name)


@pytest.mark.parametrize("model", MODELS)
def test_inference_agrees_with_the_reference(model: str) -> None:
    images, _ = digit_like(5, seed=4)
    weights = weights_of(model, 4)
    x = images.reshape(5, 1, 28, 28) if model.startswith("conv") else images
    for layer in architecture_named(model).layers:
        x = reference.forward(layer, weights, x)
    other = initial_weights(shapes_of(model), 5)
    classifier = Classifier(inference_graph(architecture_named(model), other), weights)
    assert_close(classifier.log_probabilities(images), x, 1e-5, model)


def one_conv(weight: float, bias: float) -> tuple[Architecture, dict[str, np.ndarray]]:
    """A network whose convolution only scales each pixel and adds a bias, so that ties are easily made."""
    layers = (
        *(Layer("conv3x3", "conv1", 1, 1), Layer("relu"), Layer("maxpool2"), Layer("flatten")),
        *(Layer("dense", "fc1", 196, 10), Layer("log_softmax")),
    )
    kernel = np.zeros((1, 1, 3, 3), np.float32)
    kernel[0, 0, 1, 1] = weight
    dense = np.random.default_rng(6).normal(0, 0.3, (10, 196)).astype(np.float32)
    weights = {"conv1.weight": kernel, "conv1.bias": np.array([bias], np.float32)}
    return Architecture("one-conv", "Test", layers), {
        **weights,
        "fc1.weight": dense,
        "fc1.bias": np.zeros(10, np.float32),
    }


@pytest.mark.parametrize(("weight", "bias"), [(1.0, 0.5), (1.0, 0.0), (-1.0, 0.0), (-1.0, -0.0), (0.0, 0.25)])
def test_ties_in_pooling_go_to_the_first_and_relu_of_zero_has_no_gradient(weight: float, bias: float) -> None:
    architecture, weights = one_conv(weight, bias)
    images, labels = digit_like(3, seed=6)
    images[0] = 0  # every window ties
    images[1] = np.repeat(np.repeat(images[1].reshape(28, 28)[::2, ::2], 2, 0), 2, 1).ravel()  # so do these, with ink
    _, _, expected = reference.gradients(architecture.layers, weights, images, labels)
    trainer = Trainer(train_step_graph(architecture), dict(parameter_table(architecture.layers)))
    step = trainer.step(TrainState.fresh(weights), images, labels, learning_rate=1.0)
    for name, gradient in step.state.momentum.items():
        assert_close(gradient, expected[name], 1e-5, name)


@pytest.mark.parametrize("behind", [[], ["relu"], ["maxpool2"], ["maxpool2", "relu"]])
def test_convolution_without_activation_and_pooling_is_refused_for_training(behind: list[str]) -> None:
    features = 196 if "maxpool2" in behind else 784
    layers = (
        *(Layer("conv3x3", "conv1", 1, 1), *map(Layer, behind), Layer("flatten")),
        *(Layer("dense", "fc1", features, 10), Layer("log_softmax")),
    )
    with pytest.raises(InvalidValueError, match="training needs an activation, maxpool2 behind conv1"):
        train_step_graph(Architecture("test", "Test", layers))


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("model", MODELS)
def test_gradients_and_ten_steps_agree_with_pytorch(model: str, batch: int, tmp_path: Path) -> None:
    python = pytorch.interpreter()
    weights = weights_of(model, 7)
    samples = [digit_like(batch, seed=200 + number) for number in range(10)]
    layers = [{"name": "", **msgspec.to_builtins(layer)} for layer in architecture_named(model).layers]
    masks = [masks_of(architecture_named(model).layers, batch, number) for number in range(10)]
    settings = {"learning_rate": 0.02, "momentum": 0.9, "weight_decay": 1e-3}
    arrays = {
        "images": np.stack([images for images, _ in samples]),
        "labels": np.stack([labels for _, labels in samples]),
        **{name: np.stack([drawn[name] for drawn in masks]) for name in masks[0]},
        **weights,
    }
    twin = pytorch.trained(python, tmp_path, layers, settings, arrays)
    trainer, state = trainer_of(model), TrainState.fresh(weights)
    first = trainer.step(state, *samples[0], learning_rate=1.0, masks=masks[0])
    for name, gradient in first.state.momentum.items():
        assert_close(gradient, twin[f"gradient.{name}"], 2e-5, name)  # both sides round in float32
    for number, (images, labels) in enumerate(samples):
        step = trainer.step(state, images, labels, masks=masks[number], **settings)
        state = step.state
        assert step.loss == pytest.approx(float(twin["losses"][number]), rel=2e-4), number
    for name, value in state.weights.items():
        assert_close(value, twin[name], 2e-4, name)
