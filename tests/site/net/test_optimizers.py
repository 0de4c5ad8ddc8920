"""Momentum, Adam, weight decay: the kernel's primitives against their twins, networks against NumPy and PyTorch."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from model_export.architectures import architecture_named
from tests.support.networks import pytorch, reference
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import (
    NETWORKS,
    arrays,
    as_bytes,
    build,
    digits,
    layers_described,
    order_of,
    stored,
    weights_for,
)
from tests.support.networks.tolerances import Tolerance

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from scrawl.net.optimizers import OptimizerName
    from scrawl.training.training_run import StepRule

    type Weights = dict[str, reference.Array]
    type Batches = list[tuple[NDArray[np.float32], NDArray[np.uint8]]]
    type Rows = tuple[tuple[int, ...], ...]  # those of each batch

MODELS = ["mlp-128", "mlp-128-64", "conv-32-64"]
# Dropout is compared with NumPy and PyTorch in `test_any_network`, and with PyTorch in the graphs.
CUSTOM = ["mlp-30-7.tanh", "mlp-33-20-10.sigmoid", "mlp-50.gelu", "conv-9_20.tanh", "conv-9-12_20.gelu"]
# Ten steps let roundings grow; at rate 0.1 by less than an order of magnitude.
AFTER_TEN: Tolerance = {"rtol": 1e-3, "atol": 1e-5}
# Adam divides by the root of a square: where a gradient is nearly 0, its rounding decides which way a weight goes, by
# up to a rate (0.001) a step. So a few weights may differ by more than a hundredth of what ten steps move.
ADAM_STEP, ADAM_CLOSE = 0.001, 1e-4


def run_both(kernel: WasmtimeKernel, name: str, tensors: list[np.ndarray], *rest: float) -> list[list[np.ndarray]]:
    """Run a primitive and its twin on copies of the tensors. Return what became of them, for each."""
    results = []
    for function in (name, f"naive_{name}"):
        addresses = [kernel.put(tensor) for tensor in tensors]
        kernel.function(function)(*addresses, *rest)
        results.append(
            [kernel.read(at, np.float32, tensor.shape) for at, tensor in zip(addresses, tensors, strict=True)]
        )
    return results


def moving(count: int | tuple[int, ...], copies: int) -> list[np.ndarray]:
    """Return weights, averages (of the first some about to become 0, the last positive), and a gradient."""
    rng = np.random.default_rng(1)
    averages = [rng.normal(0, 0.01, count).astype(np.float32) for _ in range(copies)]
    averages[-1][...] = np.abs(averages[-1]) + np.float32(1e-4)
    averages[0].flat[::7] = 1e-38
    weights, gradient = (rng.normal(0, size, count).astype(np.float32) for size in (0.1, 0.02))
    weights.flat[::7] = gradient.flat[::7] = 0
    return [weights, *averages, gradient]


@pytest.mark.parametrize(
    ("name", "copies", "rest"),
    [("move_momentum", 1, (-0.1, 0.9, 0.001)), ("move_adam", 2, (-0.002, 1e-7, 0.999))],
)
def test_weights_move_as_their_twins_say(
    kernel: WasmtimeKernel, name: str, copies: int, rest: tuple[float, ...]
) -> None:
    fast, naive = run_both(kernel, name, moving(132, copies), 132, *rest)
    for ours, theirs in zip(fast, naive, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-8)
    assert not fast[-1].any()  # the gradient is used up
    assert not np.any((np.abs(fast) > 0) & (np.abs(fast) < 1e-37))  # nothing is denormal


@pytest.mark.parametrize(
    ("name", "copies", "rest"),
    [("sparse_momentum", 1, (-0.1, 0.9, 0.001)), ("sparse_adam", 2, (-0.002, 1e-7, 0.999))],
)
def test_first_layer_moves_as_its_twin_says(
    kernel: WasmtimeKernel, name: str, copies: int, rest: tuple[float, ...]
) -> None:
    pixels, stride = digits(20)[0], 80
    positions, entries, lengths = kernel.alloc(256 * 8), kernel.alloc(4 * 20 * 792), kernel.alloc(4 * 20)
    columns, counts = kernel.alloc(4 * 784 * 20), kernel.alloc(4 * 784)
    kernel.function("fill_positions")(positions)
    kernel.function("list_pixels")(kernel.put(pixels), 0, 0, 20, 784, positions, entries, lengths)
    kernel.function("group_pixels")(entries, lengths, 20, 784, columns, 20, counts, 0, 784)
    delta = kernel.put(np.random.default_rng(2).normal(size=(20, stride)).astype(np.float32))
    shape = (columns, 20, counts, 784, 64, delta, stride, 1 / 20)
    fast, naive = run_both(kernel, name, moving((2, 784, 32), copies)[:-1], *shape, *rest)
    for ours, theirs in zip(fast, naive, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def train(kernel: WasmtimeKernel, model: str, rule: StepRule) -> tuple[Weights, Rows]:
    """Train some steps. Return the last weights, and the rows of each batch."""
    layers, (pixels, labels) = architecture_named(model).layers, digits(60)
    steps, size = (4, 5) if model.startswith("conv") else (10, 19)  # the reference takes long for a convolution
    network, samples, weights = build(kernel, layers, 19), stored(kernel, pixels, labels), weights_for(layers)
    network.load(weights)
    samples.shuffle([(0, 60)], 8)
    order = order_of(kernel, samples)
    for step in range(steps):
        network.train_step(samples, 4 * step, size, **rule)
    trained = {name: floats.reshape(weights[name].shape) for name, floats in arrays(network.export()).items()}
    return trained, tuple(tuple(map(int, order[4 * step : 4 * step + size])) for step in range(steps))


def batches_of(rows: Rows) -> Batches:
    """Return batches as (images, labels)."""
    pixels, labels = digits(60)
    images = (pixels / np.float32(255)).astype(np.float32)
    return [(images[list(some)], labels[list(some)]) for some in rows]


@functools.cache
def expected_sgd(model: str, rows: Rows, rate: float, momentum: float, decay: float) -> Weights:
    """Return the weights to which the reference comes, computed once for both kernels."""
    weights: Weights = {name: w.astype(np.float64) for name, w in weights_for(NETWORKS[model]).items()}
    velocity = {name: 0 * w for name, w in weights.items()}
    for images, labels in batches_of(rows):
        _, _, gradients = reference.gradients(NETWORKS[model], weights, images, labels)
        weights, velocity = reference.sgd(weights, velocity, gradients, rate, momentum, decay)
    return weights


@functools.cache
def expected_adam(model: str, rows: Rows, decay: float) -> Weights:
    """Return the weights to which Adam comes on the reference's gradients, computed once for both kernels."""
    weights: Weights = {name: w.astype(np.float64) for name, w in weights_for(NETWORKS[model]).items()}
    averages: dict[str, tuple[reference.Array, reference.Array]] = {
        name: (0 * w, 0 * w) for name, w in weights.items()
    }
    for step, (images, labels) in enumerate(batches_of(rows), 1):
        _, _, gradients = reference.gradients(NETWORKS[model], weights, images, labels)
        for name, g in gradients.items():
            m, v = averages[name]
            m, v = averages[name] = (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g)
            quotient = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
            weights[name] = weights[name] * (1 - ADAM_STEP * decay) - ADAM_STEP * quotient
    return weights


@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("model", MODELS)
def test_sgd_agrees_with_the_reference(kernel: WasmtimeKernel, model: str, momentum: float, decay: float) -> None:
    rate = 0.02
    optimizer: OptimizerName = "momentum" if momentum else "sgd"
    rule: StepRule = {"learning_rate": rate, "optimizer": optimizer, "momentum": momentum, "weight_decay": decay}
    trained, rows = train(kernel, model, rule)
    weights = expected_sgd(model, rows, rate, momentum, decay)
    for name, w in trained.items():
        np.testing.assert_allclose(w, weights[name], **AFTER_TEN, err_msg=name)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("model", MODELS)
def test_adam_agrees_with_the_reference(kernel: WasmtimeKernel, model: str, decay: float) -> None:
    rule: StepRule = {"learning_rate": ADAM_STEP, "optimizer": "adam", "weight_decay": decay}
    trained, rows = train(kernel, model, rule)
    assert_nearly_all_close(trained, expected_adam(model, rows, decay))


def assert_nearly_all_close(trained: Weights, expected: Weights) -> None:
    for name, w in trained.items():
        far = np.abs(w - expected[name]) > ADAM_CLOSE
        assert far.mean() < 0.002, name
        assert np.abs(w - expected[name]).max() <= 20 * ADAM_STEP, name


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("model", [*MODELS, *CUSTOM])
def test_steps_agree_with_pytorch(
    kernel: WasmtimeKernel, model: str, optimizer: OptimizerName, tmp_path: Path
) -> None:
    python = pytorch.interpreter()
    rate, decay = (ADAM_STEP, 0.1) if optimizer == "adam" else (0.02, 0.01)
    momentum = 0.9 if optimizer == "momentum" else 0.0
    rule: StepRule = {"learning_rate": rate, "optimizer": optimizer, "momentum": momentum, "weight_decay": decay}
    trained, rows = train(kernel, model, rule)
    images, labels = (np.stack(part) for part in zip(*batches_of(rows), strict=True))
    architecture = architecture_named(model).layers
    weights = weights_for(architecture)
    given = {"images": images, "labels": labels.astype(np.int64), **weights}
    expected = pytorch.trained(python, tmp_path, layers_described(architecture), rule, given)
    if optimizer == "adam":
        assert_nearly_all_close(trained, expected)
        return
    for name, w in trained.items():
        np.testing.assert_allclose(w, expected[name], **AFTER_TEN, err_msg=name)


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_loading_weights_forgets_earlier_gradients(kernel: WasmtimeKernel, optimizer: OptimizerName) -> None:
    layers, samples = NETWORKS["mlp-128-64"], stored(kernel, *digits(20))
    samples.shuffle([(0, 20)], 1)
    network, results = build(kernel, layers, 20), []
    rule: StepRule = {"learning_rate": 0.005, "optimizer": optimizer, "momentum": 0.9}
    for _ in range(2):
        network.load(weights_for(layers))
        results.append([network.train_step(samples, 0, 20, **rule) for _ in range(3)])
    assert results[0] == results[1]


def test_optimizer_that_takes_over_starts_again(kernel: WasmtimeKernel) -> None:
    layers, samples, trained = NETWORKS["mlp-128"], stored(kernel, *digits(20)), []
    samples.shuffle([(0, 20)], 1)
    takes_over: tuple[OptimizerName, ...] = ("momentum", "adam")
    for first in takes_over:
        network = build(kernel, layers, 20)
        network.load(weights_for(layers))
        network.train_step(samples, 0, 20, 0.0, optimizer=first, momentum=0.9)  # a rate of 0 moves no weight
        if first == "momentum":
            network.train_step(samples, 0, 20, 0.0, optimizer="adam")
        network.train_step(samples, 0, 20, 0.1, optimizer="momentum", momentum=0.9)
        trained.append(arrays(network.export())["fc1.weight"])
    np.testing.assert_array_equal(trained[0], trained[1])


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("model", MODELS)
def test_several_steps_in_one_call_are_the_same_to_the_last_digit(
    kernel: WasmtimeKernel, model: str, optimizer: OptimizerName
) -> None:
    layers, samples, results = NETWORKS[model], stored(kernel, *digits(60)), []
    samples.shuffle([(0, 60)], 9)
    rule: StepRule = {
        "learning_rate": 0.01,
        "optimizer": optimizer,
        "momentum": 0.9,
        "weight_decay": 0.001,
        "seed": 5,
        "augment": True,
    }
    for calls in ([5], [1, 3, 1]):
        network, place, total = build(kernel, layers, 7), 4, 0.0
        network.load(weights_for(layers))
        for steps in calls:
            total += network.train_steps(samples, place, 7, steps, **rule)[0]
            place += 7 * steps
        results.append((total, as_bytes(network.export())))
    assert results[0] == results[1]


@pytest.mark.parametrize("model", MODELS)
def test_measuring_in_parts_gives_the_same_sum_to_the_last_digit(kernel: WasmtimeKernel, model: str) -> None:
    network, samples = build(kernel, NETWORKS[model], 32), stored(kernel, *digits(45))
    network.load(weights_for(NETWORKS[model]))
    whole = network.evaluate(samples, 0, 45)
    parts = [network.evaluate(samples, first, count) for first, count in ((0, 1), (1, 7), (8, 3), (11, 34))]
    assert (sum(loss for loss, _ in parts), sum(correct for _, correct in parts)) == whole
