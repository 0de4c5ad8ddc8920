"""Activations and contributions of a network's pixels and units, compared with the float64 reference."""

import itertools

import numpy as np
import pytest
from scrawl.inspect.attribution import Attribution
from scrawl.net.network import Network

from functions.models.manifest import Layer
from tests.support.networks import reference
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import NETWORKS, build, digits, stored, weights_for

type Layers = tuple[Layer, ...]
type Weights = dict[str, np.ndarray]
type Case = tuple[Layers, Weights, Network, Attribution, int]

PIXELS, LABELS = digits(4)
PICTURE = PIXELS[0]


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


@pytest.fixture(scope="module", params=NETWORKS.keys())
def case(request: pytest.FixtureRequest, kernel: WasmtimeKernel) -> Case:
    """Return layers, weights, network, a attribution that has looked at a picture, and the picture's address."""
    layers = NETWORKS[request.param]
    weights = weights_for(layers)
    network = build(kernel, layers, 4)
    network.load(weights)
    attribution, image = Attribution(kernel, network), kernel.put(PICTURE)
    attribution.predict(image)
    return layers, weights, network, attribution, image


def assert_close(found: object, expected: object) -> None:
    # float32 sums of up to a few thousand terms
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=2e-4, atol=2e-5)


def values_of(layers: Layers, weights: Weights) -> list[np.ndarray]:
    """Return what goes into each layer, and the ten log-probabilities."""
    x = (PICTURE / 255)[None]
    inputs = [x.reshape(1, 1, 28, 28) if layers[0].kind == "conv3x3" else x]
    for layer in layers:
        inputs.append(reference.forward(layer, weights, inputs[-1]))
    return inputs


def gradients_of(layers: Layers, weights: Weights, digit: int) -> list[np.ndarray]:
    """Return the gradient of a digit's score, above the average of all, by what goes into each layer."""
    inputs = values_of(layers, weights)
    found = [(np.eye(10)[digit] - 0.1)[None]]
    for layer, x in zip(reversed(layers[:-1]), reversed(inputs[:-2]), strict=True):
        found.insert(0, reference.backward(layer, weights, x, found[0], {}))
    return found


def stages_of(layers: Layers) -> list[int]:
    """Return which inputs are those of hidden layers: what follows ReLU, or pooling."""
    pairs = [(below.kind, above.kind) for below, above in itertools.pairwise(layers)]
    return [
        n for n, pair in enumerate(pairs, 1) if pair[0] == "maxpool2" or (pair[0] == "relu" and pair[1] != "maxpool2")
    ]


def as_maps(attribution: Attribution, number: int) -> np.ndarray:
    """Return a stage's numbers as (units or maps, rows, columns)."""
    stage = attribution.stages[number]
    floats, side = attribution.activations(number), stage.side
    return np.array(
        [
            [
                [floats[stage.offset(unit) + row * stage.row_step() + column * stage.count] for column in range(side)]
                for row in range(side)
            ]
            for unit in range(stage.count)
        ]
    )


def test_activations_are_those_of_each_hidden_layer(case: Case) -> None:
    layers, weights, _, attribution, image = case
    attribution.predict(image)
    values, stages = values_of(layers, weights), stages_of(layers)
    assert len(attribution.stages) == len(stages)
    for number, place in enumerate(stages):
        found = as_maps(attribution, number)
        assert_close(found, values[place].reshape(found.shape))


@pytest.mark.parametrize("digit", [0, 7])
def test_saliency_is_input_times_gradient(case: Case, digit: int) -> None:
    layers, weights, _, attribution, image = case
    attribution.predict(image)
    expected = gradients_of(layers, weights, digit)[0].reshape(784) * (PICTURE / 255)
    assert_close(attribution.saliency(digit), expected)


def test_saliency_is_how_the_score_changes_when_ink_fades(case: Case) -> None:
    layers, weights, _, attribution, image = case
    attribution.predict(image)
    found, fade = attribution.saliency(4), 1e-6
    for pixel in np.flatnonzero(PICTURE)[::40]:
        faded = np.repeat(PICTURE[None] / 255, 2, 0)
        faded[1, pixel] *= 1 - fade
        x = faded.reshape(2, 1, 28, 28) if layers[0].kind == "conv3x3" else faded
        for layer in layers[:-1]:
            x = reference.forward(layer, weights, x)
        before, after = x[:, 4] - x.mean(1)
        assert found[pixel] == pytest.approx((before - after) / fade, rel=1e-3, abs=2e-5)


@pytest.mark.parametrize("number", [0, -1])
def test_contributions_are_activation_times_gradient(case: Case, number: int) -> None:
    layers, weights, _, attribution, image = case
    if not attribution.stages:
        pytest.skip("no hidden layer")
    attribution.predict(image)
    place = stages_of(layers)[number]
    value = values_of(layers, weights)[place][0]
    units = as_maps(attribution, number % len(attribution.stages)).max((1, 2))
    unit = int(units.argmax())
    expected = [(value[unit] * gradients_of(layers, weights, digit)[place][0][unit]).sum() for digit in range(10)]
    assert_close(attribution.contributions(number % len(attribution.stages), unit), expected)
    assert sum(expected) == pytest.approx(0, abs=1e-9)  # what speaks for some digits speaks against others


def test_attribution_changes_neither_weights_nor_training(kernel: WasmtimeKernel, case: Case) -> None:
    layers, weights, network, attribution, image = case
    other = build(kernel, layers, 4)
    other.load(weights)
    samples = stored(kernel, PIXELS, LABELS)
    samples.shuffle([(0, 4)], 1)
    for step in range(3):
        attribution.predict(image)
        attribution.saliency(step)
        if attribution.stages:
            attribution.contributions(0, step)
            attribution.unit_saliency(len(attribution.stages) - 1, step)
        assert network.train_step(samples, 0, 4, 0.1) == other.train_step(samples, 0, 4, 0.1)
    for name, floats in other.export().items():
        np.testing.assert_array_equal(network.export()[name], floats, err_msg=name)
    network.load(weights)


def test_unit_saliency_is_input_times_gradient_of_the_unit(case: Case) -> None:
    layers, weights, _, attribution, image = case
    attribution.predict(image)
    values = values_of(layers, weights)
    for number, place in enumerate(stages_of(layers)):
        stage = attribution.stages[number]
        for unit in (0, stage.count - 1):
            one = np.zeros((stage.count, values[place].size // stage.count))
            one[unit] = 1
            gradient: np.ndarray = one.reshape(values[place].shape)
            for layer, x in zip(reversed(layers[:place]), reversed(values[:place]), strict=True):
                gradient = reference.backward(layer, weights, x, gradient, {})
            attribution.unit_saliency(number, unit)
            found = attribution.kernel.read_floats(attribution.saliency_address(), 784)
            assert_close(found, gradient.reshape(784) * (PICTURE / 255))
