"""The pictures of a network's weights and activations: each pixel shows the number that it stands for."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scrawl.inspect.attribution import Attribution
from scrawl.inspect.panels import Panel, panels_for
from scrawl.inspect.tile_painter import SPREAD, TilePainter

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import NETWORKS, build, digits, layers_described, weights_for

if TYPE_CHECKING:
    from scrawl.inspect.tile_painter import Painted

COLOURS = np.arange(255, dtype=np.uint32)


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


class Case:
    """A network with a picture, its panels, and a painter whose colours are their numbers."""

    def __init__(self, kernel: WasmtimeKernel, name: str) -> None:
        self.kernel, self.weights = kernel, weights_for(NETWORKS[name])
        network = build(kernel, NETWORKS[name], 2)
        network.load(self.weights)
        self.attribution, self.painter = Attribution(kernel, network), TilePainter(kernel)
        self.attribution.predict(kernel.put(digits(1, seed=5)[0][0] | 1))
        kernel.write(self.painter.palette, COLOURS.tobytes())
        self.panels = {panel.name: panel for panel in panels_for(layers_described(NETWORKS[name]))}

    def pictures(self, painted: "Painted", panel: Panel) -> np.ndarray:
        """Return what has been painted as (count, side, side)."""
        address, width, height, _ = painted
        side = panel.side
        grid = self.kernel.read(address, np.uint32, (height // side, side, width // side, side))
        return grid.transpose(0, 2, 1, 3).reshape(-1, side, side)[: panel.count].astype(int)


def colours(numbers: np.ndarray, limit: float) -> np.ndarray:
    return np.clip(numbers / limit, -1, 1) * 127 + 127


@pytest.mark.parametrize("columns", [16, 5])
@pytest.mark.parametrize("name", ["mlp-128", "odd sizes"])
def test_tile_shows_the_weights_of_its_unit(kernel: WasmtimeKernel, name: str, columns: int) -> None:
    case = Case(kernel, name)
    panel = case.panels["fc1-tiles"]
    painted = case.painter.weights(panel, case.attribution, 0, columns)
    weights = case.weights["fc1.weight"].reshape(-1, 28, 28)
    assert painted[3] == pytest.approx(SPREAD * np.sqrt(np.mean(weights**2)), rel=1e-5)
    np.testing.assert_allclose(case.pictures(painted, panel), colours(weights, painted[3]), atol=0.51)


def test_filters_of_both_convolutions(kernel: WasmtimeKernel) -> None:
    case = Case(kernel, "conv-32-64")
    first, second = case.panels["conv1-filters"], case.panels["conv2-filters"]
    painted = case.painter.weights(first, case.attribution, 0, 8)
    expected = colours(case.weights["conv1.weight"][:, 0], painted[3])
    np.testing.assert_allclose(case.pictures(painted, first), expected, atol=0.51)
    painted = case.painter.weights(second, case.attribution, 37, 8)
    expected = colours(case.weights["conv2.weight"][37], painted[3])
    np.testing.assert_allclose(case.pictures(painted, second), expected, atol=0.51)


@pytest.mark.parametrize(
    ("name", "panel_name"),
    [
        ("mlp-128", "fc1-units"),
        ("conv-32-64", "conv1-maps"),
        ("conv-32-64", "conv2-maps"),
        ("conv-32-64", "fc1-units"),
    ],
)
def test_activations_are_painted_up_to_the_greatest(kernel: WasmtimeKernel, name: str, panel_name: str) -> None:
    case = Case(kernel, name)
    panel = case.panels[panel_name]
    painted = case.painter.activations(panel, case.attribution, 8)
    found = case.pictures(painted, panel)
    stage, floats = case.attribution.stages[panel.stage], case.attribution.activations(panel.stage)
    unit = int(found.max((1, 2)).argmax())
    row, column = np.unravel_index(found[unit].argmax(), found[unit].shape)
    greatest = floats[stage.offset(unit) + row * stage.row_step() + column * stage.count]
    assert found[unit, row, column] == 254
    assert found.min() == 127  # ReLU leaves nothing below zero
    assert greatest == painted[3] == max(floats)


def test_saliency_is_painted_above_the_digit_itself(kernel: WasmtimeKernel) -> None:
    painter = TilePainter(kernel)
    kernel.write(painter.overlay, COLOURS.tobytes())
    kernel.write(painter.ink, COLOURS[::-1].tobytes())
    numbers, image = np.linspace(-4, 2, 784, dtype=np.float32), digits(1)[0][0]
    address, width, height, limit = painter.saliency(kernel.put(numbers), kernel.put(image))
    painted = kernel.read(address, np.uint32, (2, 784)).astype(int)
    assert (width, height, limit) == (28, 56, 4)
    np.testing.assert_allclose(painted[0], colours(numbers, 4), atol=0.51)
    np.testing.assert_allclose(painted[1], 254 - colours(image.astype(float), 255), atol=0.51)


def test_nothing_to_show_is_painted_as_zero(kernel: WasmtimeKernel) -> None:
    painter = TilePainter(kernel)
    kernel.write(painter.overlay, COLOURS.tobytes())
    address, _, _, limit = painter.saliency(kernel.alloc(4 * 784), kernel.alloc(784))
    assert limit == 0
    assert (kernel.read(address, np.uint32, (28, 28)) == 127).all()


def test_digits_are_painted_one_below_the_other(kernel: WasmtimeKernel) -> None:
    painter = TilePainter(kernel)
    kernel.write(painter.ink, COLOURS.tobytes())
    pixels = digits(3)[0]
    address, width, height, _ = painter.digits([kernel.put(one) for one in pixels])
    assert (width, height) == (28, 84)
    painted = kernel.read(address, np.uint32, (3, 784)).astype(int)
    np.testing.assert_allclose(painted, colours(pixels.astype(float), 255), atol=0.51)


@pytest.mark.parametrize(
    ("name", "weights", "activations"),
    [("mlp-128", "fc1-tiles", "fc1-units"), ("conv-32-64", "conv1-filters", "conv1-maps")],
)
def test_some_units_look_as_among_all(kernel: WasmtimeKernel, name: str, weights: str, activations: str) -> None:
    case = Case(kernel, name)
    chosen = [17, 3, 30]
    panel = case.panels[weights]
    everything = case.pictures(case.painter.weights(panel, case.attribution, 0, 1), panel)
    some = case.pictures(case.painter.weights(panel, case.attribution, 0, 1, chosen), panel)
    np.testing.assert_array_equal(some, everything[chosen])
    panel = case.panels[activations]
    everything = case.pictures(case.painter.activations(panel, case.attribution, 1), panel)
    some = case.pictures(case.painter.activations(panel, case.attribution, 1, chosen), panel)
    np.testing.assert_array_equal(some, everything[chosen])


def test_each_unit_has_its_ink_on_a_scale_of_its_own(kernel: WasmtimeKernel) -> None:
    case = Case(kernel, "mlp-128-64")
    units = [2, 40, 63]
    address, width, height, _ = case.painter.unit_saliencies(case.attribution, 1, units)
    assert (width, height) == (28, 28 * len(units))
    found = kernel.read(address, np.uint32, (len(units), 784)).astype(int)
    for unit, picture in zip(units, found, strict=True):
        case.attribution.unit_saliency(1, unit)
        expected = np.array(kernel.read_floats(case.attribution.saliency_address(), 784))
        peak = np.abs(expected).max() or 1.0
        np.testing.assert_allclose(picture, colours(expected, peak), atol=0.51)
