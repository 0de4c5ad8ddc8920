"""Networks that have only a name, in the kernel: gradients by name, saliency and what dropout does.

Gradients are compared with NumPy's reference, and with PyTorch where there is one, for both builds of the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from scrawl.inspect.attribution import Attribution
from scrawl.net.activations import Dropout

from model_export.architectures import ARCHITECTURES, architecture_named
from tests.support.networks import pytorch, reference
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import (
    arrays,
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

RATE = 0.5  # of the step that gradients are taken from: the larger, the less the weights' own rounding shows in them
# Several layers of float32 sums, Winograd's among them; rounding of the weights themselves is a thousandth of it.
CLOSE: Tolerance = {"rtol": 2e-3, "atol": 3e-5}
NAMES = [
    "mlp-37-5",
    "mlp-30-7.tanh",
    "mlp-33-20-10.sigmoid",
    "mlp-30-7.tanh.drop20",
    "mlp-33-20-10.sigmoid.drop20",
    "mlp-50.gelu.drop20",
    "mlp-20-20.drop50",
    "conv-9_20",
    "conv-12-40_30-17",
    "conv-33-8_20.tanh",
    "conv-10-12_20.sigmoid",
    "conv-16-24_31.gelu.drop10",
]


class Step(NamedTuple):
    """A plain step of SGD from known weights: what it was given, and what each tensor has moved by."""

    weights: dict[str, NDArray[np.float32]]
    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    masks: dict[str, NDArray[np.float32]]  # those that the kernel has drawn, of each layer of dropout
    gradients: dict[str, NDArray[np.float32]]  # (before - after) / rate
    loss: float
    correct: int


def one_step(kernel: WasmtimeKernel, name: str) -> Step:
    layers, batch = architecture_named(name).layers, 11
    pixels, labels = digits(20)
    weights = weights_for(layers)
    network, samples = build(kernel, layers, 16), stored(kernel, pixels, labels)
    network.load(weights)
    for parameter, floats in arrays(network.export()).items():
        np.testing.assert_array_equal(floats.reshape(weights[parameter].shape), weights[parameter])
    samples.shuffle([(0, 20)], 7)
    rows = order_of(kernel, samples)[2 : 2 + batch]
    loss_sum, correct = network.train_step(samples, 2, batch, RATE, seed=9)
    masks = {
        f"drop{layer.number}.mask": (
            kernel.read(layer._mask, np.float32, (16, layer.stride))[:batch, : layer.features] != 0
        ).astype(np.float32)
        for layer in network.layers
        if isinstance(layer, Dropout)
    }
    after = {key: floats.reshape(weights[key].shape) for key, floats in arrays(network.export()).items()}
    gradients = {key: (weights[key] - moved) / np.float32(RATE) for key, moved in after.items()}
    images = (pixels[rows] / np.float32(255)).astype(np.float32)
    return Step(weights, images, labels[rows], masks, gradients, loss_sum / batch, correct)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_by_name_are_those_of_the_reference(kernel: WasmtimeKernel, name: str) -> None:
    step = one_step(kernel, name)
    weights = {**step.weights, **step.masks}
    loss, right, expected = reference.gradients(architecture_named(name).layers, weights, step.images, step.labels)
    assert step.loss == pytest.approx(loss, rel=1e-5)
    assert step.correct == right
    assert step.gradients.keys() == expected.keys()
    for parameter, gradient in expected.items():
        np.testing.assert_allclose(step.gradients[parameter], gradient, **CLOSE, err_msg=parameter)


@pytest.mark.parametrize("name", [*ARCHITECTURES, *NAMES])
def test_gradients_by_name_are_those_of_pytorch(name: str, tmp_path: Path) -> None:
    """Without PyTorch the reference takes its place: above, and in `test_network` for the ready networks."""
    python = pytorch.interpreter()
    steps = [one_step(WasmtimeKernel(relaxed), name) for relaxed in (False, True)]
    first = steps[0]
    given: dict[str, np.ndarray] = {key: mask[None] for key, mask in first.masks.items()}
    given["images"], given["labels"] = first.images[None], first.labels[None].astype(np.int64)
    given.update(first.weights)
    settings = {"learning_rate": RATE, "momentum": 0.0, "weight_decay": 0.0}
    described = layers_described(architecture_named(name).layers)
    expected = pytorch.trained(python, tmp_path, described, settings, given)
    for step in steps:
        assert step.loss == pytest.approx(float(expected["losses"][0]), rel=1e-5)
        for parameter, gradient in step.gradients.items():
            np.testing.assert_allclose(gradient, expected[f"gradient.{parameter}"], **CLOSE, err_msg=parameter)


@pytest.mark.parametrize("name", NAMES)
def test_answers_and_measurements_leave_nothing_out(name: str) -> None:
    kernel, layers = WasmtimeKernel(), architecture_named(name).layers
    pixels, labels = digits(20)
    weights = weights_for(layers)
    network, samples = build(kernel, layers, 16), stored(kernel, pixels, labels)
    network.load(weights)
    for seed in (1, 2):  # padding, borders and averages stay in order
        samples.shuffle([(0, 20)], 7)
        network.train_step(samples, 0, 16, 0.0, seed=seed, optimizer="adam", weight_decay=0.1)
    loss, right, _ = reference.gradients(layers, weights, pixels / 255, labels)
    found, correct = network.evaluate(samples, 0, 20)
    assert found / 20 == pytest.approx(loss, rel=1e-5)
    assert correct == right
    assert len(network.predict(samples.images)) == 10


@pytest.mark.parametrize(
    "name", ["mlp-20-10.gelu.drop20", "mlp-30.sigmoid", "conv-9-12_20.tanh", "conv-9-12_20.gelu"]
)
def test_saliency_adds_up_to_the_slope_of_the_score(name: str) -> None:
    kernel, layers = WasmtimeKernel(), architecture_named(name).layers
    pixels, _ = digits(3)
    network, weights = build(kernel, layers, 4), weights_for(layers)
    network.load(weights)
    image = kernel.put(pixels[0])
    attribution = Attribution(kernel, network)
    attribution.predict(image)
    found = np.asarray(attribution.saliency(3), np.float64)

    def score(scale: float) -> float:
        x: np.ndarray = pixels[:1] / 255 * scale
        x = x.reshape(1, 1, 28, 28) if layers[0].kind == "conv3x3" else x
        for layer in layers[:-1]:
            x = reference.forward(layer, weights, x)
        return float(x[0, 3] - x[0].mean())

    # Ink times gradient, summed up, is how the score changes when all ink gets stronger.
    assert found.sum() == pytest.approx((score(1.0001) - score(0.9999)) / 0.0002, rel=2e-3, abs=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_same_seed_leaves_out_the_same_units_however_steps_are_divided(optimizer: str) -> None:
    kernel, results = WasmtimeKernel(), []
    layers, samples = architecture_named("mlp-40-20.tanh.drop30").layers, stored(kernel, *digits(60))
    samples.shuffle([(0, 60)], 9)
    for calls, seed in (([5], 5), ([1, 3, 1], 5), ([5], 6)):
        network, place = build(kernel, layers, 7), 4
        network.load(weights_for(layers))
        for steps in calls:
            network.train_steps(samples, place, 7, steps, 0.01, optimizer, seed=seed)  # type: ignore[arg-type] # a parameter
            place += 7 * steps
        results.append(b"".join(array.tobytes() for array in arrays(network.export()).values()))
    assert results[0] == results[1] != results[2]
