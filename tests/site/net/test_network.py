"""`scrawl.net.network` driving the kernel, against the NumPy reference: loss, every update by name, ten steps."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scrawl.net.network import Samples

from infra.page.kernel_build import compiled_picture_reader
from tests.support.networks import reference
from tests.support.networks.kernel_host import WasmtimeKernel, built
from tests.support.networks.kernel_networks import NETWORKS, arrays, build, digits, order_of, stored, weights_for
from tests.support.networks.tolerances import Tolerance

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tests.support.networks.kernel_networks import Layers

    type Gradients = dict[str, reference.Array]

# An update is a float32 sum of up to B terms: some roundings of 6e-8 relative to the largest gradients.
CLOSE: Tolerance = {"rtol": 1e-4, "atol": 1e-6}
# Ten steps let roundings grow; at rate 0.1 by less than an order of magnitude.
AFTER_TEN: Tolerance = {"rtol": 1e-3, "atol": 1e-5}


@functools.cache
def expected_step(layers: Layers, count: int, rows: tuple[int, ...]) -> tuple[float, int, Gradients]:
    """Return the reference's loss, number correct and gradients, computed once for both kernels."""
    pixels, labels = digits(count)
    chosen = list(rows)
    loss, correct, gradients = reference.gradients(layers, weights_for(layers), pixels[chosen] / 255, labels[chosen])
    return loss, correct, gradients


@functools.cache
def expected_ten_steps(layers: Layers, batches: tuple[tuple[int, ...], ...]) -> tuple[list[float], Gradients]:
    """Return the reference's losses and last weights, computed once for both kernels."""
    pixels, labels = digits(100)
    weights: Gradients = {name: w.astype(np.float64) for name, w in weights_for(layers).items()}
    losses = []
    for rows in map(list, batches):
        loss, _, gradients = reference.gradients(layers, weights, pixels[rows] / 255, labels[rows])
        losses.append(loss)
        weights = {name: weights[name] - 0.1 * gradient for name, gradient in gradients.items()}
    return losses, weights


@pytest.mark.parametrize("batch", [1, 3, 17, 128])
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS.keys())
def test_step_agrees_with_the_reference(kernel: WasmtimeKernel, layers: Layers, batch: int) -> None:
    pixels, labels = digits(batch + 5)
    network, samples, weights = build(kernel, layers, 130), stored(kernel, pixels, labels), weights_for(layers)
    network.load(weights)
    samples.shuffle([(0, batch + 5)], 7)
    rows = order_of(kernel, samples)[2 : 2 + batch]
    loss, right, gradients = expected_step(layers, batch + 5, tuple(map(int, rows)))
    loss_sum, correct = network.train_step(samples, 2, batch, 0.5)
    assert loss_sum / batch == pytest.approx(loss, rel=1e-5)
    assert correct == right
    trained = arrays(network.export())
    for name, gradient in gradients.items():
        update = (weights[name] - trained[name].reshape(gradient.shape)) / 0.5
        np.testing.assert_allclose(update, gradient, **CLOSE, err_msg=name)


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS.keys())
def test_ten_steps_agree_with_the_reference(kernel: WasmtimeKernel, layers: Layers) -> None:
    pixels, labels = digits(100)
    network, samples, weights = build(kernel, layers, 33), stored(kernel, pixels, labels), weights_for(layers)
    network.load(weights)
    samples.shuffle([(0, 100)], 8)
    order = order_of(kernel, samples)
    places = [(7 * step, 33 if step % 3 else 10) for step in range(10)]
    batches = tuple(tuple(map(int, order[first : first + batch])) for first, batch in places)
    losses, expected = expected_ten_steps(layers, batches)
    for (first, batch), loss in zip(places, losses, strict=True):
        loss_sum, _ = network.train_step(samples, first, batch, 0.1)
        assert loss_sum / batch == pytest.approx(loss, rel=1e-4)
    for name, floats in arrays(network.export()).items():
        np.testing.assert_allclose(floats.reshape(expected[name].shape), expected[name], **AFTER_TEN, err_msg=name)


def test_several_steps_in_one_call_are_the_same_as_one_after_the_other(kernel: WasmtimeKernel) -> None:
    layers = NETWORKS["mlp-128"]
    samples = stored(kernel, *digits(60))
    samples.shuffle([(0, 60)], 9)
    one, two = build(kernel, layers, 7), build(kernel, layers, 7)
    one.load(weights_for(layers))
    two.load(weights_for(layers))
    steps = [one.train_step(samples, 4 + 7 * step, 7, 0.1) for step in range(5)]
    loss, correct = two.train_steps(samples, 4, 7, 5, 0.1)
    assert loss == pytest.approx(sum(loss for loss, _ in steps), rel=1e-12)
    assert correct == sum(correct for _, correct in steps)
    ours, theirs = arrays(one.export()), arrays(two.export())
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name])
    with pytest.raises(ValueError, match="the order has 60 places, got 63 from 0"):
        two.train_steps(samples, 0, 7, 9, 0.1)


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS.keys())
def test_evaluation_and_prediction_agree_with_the_reference(kernel: WasmtimeKernel, layers: Layers) -> None:
    pixels, labels = digits(45)
    network, samples, weights = build(kernel, layers, 16), stored(kernel, pixels, labels), weights_for(layers)
    network.load(weights)
    x: reference.Array = pixels / 255
    if layers[0].kind == "conv3x3":
        x = x.reshape(45, 1, 28, 28)
    for layer in layers:
        x = reference.forward(layer, weights, x)
    loss, correct = network.evaluate(samples, 3, 40)  # two full batches and a half one
    assert loss == pytest.approx(-x[np.arange(3, 43), labels[3:43]].sum(), rel=1e-5)
    assert correct == (x[3:43].argmax(1) == labels[3:43]).sum()
    for row in (0, 22, 44):
        probabilities = network.predict(samples.images + 784 * row)
        np.testing.assert_allclose(probabilities, np.exp(x[row]), rtol=1e-4, atol=1e-6)
    for name, floats in arrays(network.export()).items():
        np.testing.assert_array_equal(floats.reshape(weights[name].shape), weights[name])  # nothing was trained


def test_network_learns(kernel: WasmtimeKernel) -> None:
    pixels, labels = digits(600)
    network, samples = build(kernel, NETWORKS["mlp-128"], 50), stored(kernel, pixels, labels)
    network.randomise(1)
    before, _ = network.evaluate(samples, 500, 100)
    for epoch in range(3):
        samples.shuffle([(0, 500)], epoch)
        for first in range(0, 500, 50):
            network.train_step(samples, first, 50, 0.2)
    after, correct = network.evaluate(samples, 500, 100)
    assert after < before / 10
    assert correct >= 98  # of 100 it was not trained on; one picture of 600 is blank


def test_random_weights_are_fixed_by_their_seed_and_differ_between_layers(kernel: WasmtimeKernel) -> None:
    network = build(kernel, NETWORKS["mlp-128-64"], 1)
    network.randomise(1)
    first = arrays(network.export())
    network.randomise(2)
    assert (arrays(network.export())["fc1.weight"] != first["fc1.weight"]).mean() > 0.99
    network.randomise(1)
    for name, floats in arrays(network.export()).items():
        np.testing.assert_array_equal(floats, first[name])
    assert not first["fc2.bias"].any()
    assert np.std(first["fc1.weight"]) == pytest.approx(np.sqrt(2 / 784), rel=0.02)  # He
    assert abs(np.corrcoef(first["fc2.weight"][:640], first["fc3.weight"])[0, 1]) < 0.2


def test_two_networks_share_the_samples(kernel: WasmtimeKernel) -> None:
    pixels, labels = digits(40)
    samples = stored(kernel, pixels, labels)
    samples.shuffle([(0, 40)], 1)
    one, two = (build(kernel, NETWORKS["mlp-128"], 40) for _ in range(2))
    weights = weights_for(NETWORKS["mlp-128"])
    one.load(weights)
    two.load(weights)
    assert one.train_step(samples, 0, 40, 0.1) == two.train_step(samples, 0, 40, 0.1)


def test_shuffle_covers_the_ranges_it_is_given(kernel: WasmtimeKernel) -> None:
    samples = Samples(kernel, 50)
    assert samples.shuffle([(10, 5), (30, 20)], 4) == 25
    assert sorted(order_of(kernel, samples)) == [*range(10, 15), *range(30, 50)]
    assert samples.shuffle([], 4) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("fc2.bias"), r"missing \['fc2.bias'\]"),
        (lambda w: w.update(fc9=np.zeros(3, np.float32)), r"not known \['fc9'\]"),
        (lambda w: w.update({"fc1.bias": np.zeros(127, np.float32)}), r"fc1.bias has 128 numbers \(128,\), got 127"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(
    kernel: WasmtimeKernel, change: Callable[[dict[str, NDArray[np.float32]]], object], message: str
) -> None:
    network, weights = build(kernel, NETWORKS["mlp-128"], 1), weights_for(NETWORKS["mlp-128"])
    network.load(weights)
    wrong = {name: w + 1 for name, w in weights.items()}
    change(wrong)
    with pytest.raises(ValueError, match=message):
        network.load(wrong)
    for name, floats in arrays(network.export()).items():
        np.testing.assert_array_equal(floats.reshape(weights[name].shape), weights[name])


@pytest.mark.parametrize(("first", "count"), [(0, 0), (0, 9), (-1, 4), (6, 5)])
def test_batch_outside_the_order_or_too_large_is_refused(kernel: WasmtimeKernel, first: int, count: int) -> None:
    network, samples = build(kernel, NETWORKS["mlp-128"], 8), stored(kernel, *digits(10))
    samples.shuffle([(0, 10)], 1)
    with pytest.raises(ValueError, match=r"got \d"):
        network.train_step(samples, first, count, 0.1)


def test_samples_outside_their_room_are_refused(kernel: WasmtimeKernel) -> None:
    samples, (pixels, labels) = Samples(kernel, 10), digits(4)
    with pytest.raises(ValueError, match="rows 0 to 9, got 4 digits for row 7"):
        samples.store(7, labels.tobytes(), pixels.tobytes())
    with pytest.raises(ValueError, match="4 labels need 3136 pixels, got 2352"):
        samples.store(0, labels.tobytes(), pixels[:3].tobytes())
    with pytest.raises(ValueError, match="there are 10 rows"):
        samples.shuffle([(5, 6)], 1)


@pytest.mark.parametrize("relaxed", [False, True])
def test_shipped_module_is_small_and_has_no_naive_twins(relaxed: bool) -> None:
    module = built(relaxed, with_naive=False).read_bytes()
    assert len(module) <= 48 * 1024
    assert b"sparse_forward" in module
    assert b"naive" not in module
    assert len(compiled_picture_reader()) <= 48 * 1024
