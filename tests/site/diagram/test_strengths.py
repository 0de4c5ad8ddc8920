"""Connections and importance of units, compared with NumPy and with the attribution that is tested against it."""

import numpy as np
import pytest
from scrawl.diagram.strengths import Strengths
from scrawl.inspect.attribution import Attribution

from functions.models.manifest import Layer
from tests.support.networks import reference
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import NETWORKS, build, digits, weights_for

PICTURE = digits(4)[0][0]


def assert_close(found: object, expected: object) -> None:
    # float32 sums of up to a few thousand terms
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=3e-4, atol=3e-5)


class Case:
    """A network that has looked at a picture, its strengths, and what NumPy makes of the same weights."""

    def __init__(self, kernel: WasmtimeKernel, name: str) -> None:
        self.layers: tuple[Layer, ...] = NETWORKS[name]
        self.weights = weights_for(self.layers)
        network = build(kernel, self.layers, 2)
        network.load(self.weights)
        self.attribution = Attribution(kernel, network)
        self.strengths = Strengths(kernel, self.attribution)
        self.attribution.predict(kernel.put(PICTURE))
        self.units = [[*range(0, stage.count, max(1, stage.count // 7))] for stage in self.attribution.stages]

    def values(self) -> list[np.ndarray]:
        """Return what goes into each layer."""
        x = (PICTURE / 255)[None]
        inputs = [x.reshape(1, 1, 28, 28) if self.layers[0].kind == "conv3x3" else x]
        for layer in self.layers[:-1]:
            inputs.append(reference.forward(layer, self.weights, inputs[-1]))
        return inputs


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


@pytest.mark.parametrize("name", ["mlp-128", "mlp-128-64", "odd sizes"])
def test_connections_of_dense_layers_are_weight_times_activation(kernel: WasmtimeKernel, name: str) -> None:
    case = Case(kernel, name)
    values = [x[0] for x in case.values()]
    for drawn in (True, False):
        links = case.strengths.links(case.units, drawn)
        assert len(links) == len(case.units)
        for number, rows in enumerate(links):
            weight = case.weights[f"fc{number + 2}.weight"]
            last = number == len(links) - 1
            expected = weight - weight.mean(0) if last else weight[case.units[number + 1]]
            expected = expected[:, case.units[number]]
            if drawn:
                expected = expected * values[2 * number + 2][case.units[number]]
                if not last:
                    answers = values[2 * number + 4][case.units[number + 1]]
                    expected = expected * (answers > 0)[:, None]
            assert_close(rows, expected)


def test_connections_of_maps_are_what_reaches_the_next_layer(kernel: WasmtimeKernel) -> None:
    """A map's sum, or a unit, is what comes from the maps below it and the bias of its places that are not silent."""
    case = Case(kernel, "conv-32-64")
    everything = [[*range(stage.count)] for stage in case.attribution.stages]
    everything[1:] = case.units[1:]
    links = case.strengths.links([everything[0], [*range(64)], case.units[2]], drawn=True)
    values = case.values()
    convolved, pooled, hidden = values[4][0], values[6][0], values[9][0]
    assert convolved.shape[0] == pooled.shape[0] == 64
    for unit in case.units[1]:
        places = np.count_nonzero(pooled[unit] > 0)
        total = sum(links[0][unit]) + places * case.weights["conv2.bias"][unit]
        assert total == pytest.approx(pooled[unit].sum(), rel=2e-3, abs=1e-3)
    for row, unit in zip(links[1], case.units[2], strict=True):
        total = sum(row) + case.weights["fc1.bias"][unit] if hidden[unit] > 0 else 0.0
        assert total == pytest.approx(hidden[unit], rel=2e-3, abs=1e-3)


def test_connections_of_maps_are_sums_of_weights_while_nothing_is_drawn(kernel: WasmtimeKernel) -> None:
    case = Case(kernel, "conv-32-64")
    first, second, third = case.units
    links = case.strengths.links(case.units, drawn=False)
    filters = case.weights["conv2.weight"].sum((2, 3))
    assert_close(links[0], filters[second][:, first])
    dense = case.weights["fc1.weight"].reshape(-1, 64, 49).sum(2)
    assert_close(links[1], dense[third][:, second])


@pytest.mark.parametrize("name", ["mlp-128", "mlp-128-64", "conv-32-64"])
def test_importance_is_the_size_of_the_contribution(kernel: WasmtimeKernel, name: str) -> None:
    case = Case(kernel, name)
    found = case.strengths.importance_for(7)
    assert [len(values) for values in found] == [stage.count for stage in case.attribution.stages]
    for stage, units in enumerate(case.units):
        for unit in units[:3]:
            expected = abs(case.attribution.contributions(stage, unit)[7])
            assert found[stage][unit] == pytest.approx(expected, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("name", ["mlp-128", "mlp-128-64", "conv-32-64"])
def test_importance_by_weight_is_the_sum_of_the_squares(kernel: WasmtimeKernel, name: str) -> None:
    case = Case(kernel, name)
    weights = [w for name, w in case.weights.items() if name.endswith("weight")][1:]
    for found, stage, weight in zip(
        case.strengths.importance_by_weight(), case.attribution.stages, weights, strict=True
    ):
        expected = (weight.reshape(len(weight), stage.count, -1) ** 2).sum((0, 2))
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_filters_are_those_of_the_first_convolution(kernel: WasmtimeKernel) -> None:
    case = Case(kernel, "conv-32-64")
    found = np.reshape(case.strengths.filters([3, 31]), (2, 10))
    np.testing.assert_allclose(found[:, :9], case.weights["conv1.weight"][[3, 31]].reshape(2, 9), rtol=1e-6)
    np.testing.assert_allclose(found[:, 9], case.weights["conv1.bias"][[3, 31]], rtol=1e-6)
    assert Case(kernel, "mlp-128").strengths.filters([0, 1]) == []


def test_a_network_without_hidden_layers_has_no_connections(kernel: WasmtimeKernel) -> None:
    strengths = Case(kernel, "no hidden layer").strengths
    assert strengths.links([], drawn=True) == []
    assert strengths.importance_for(3) == strengths.importance_by_weight() == []
