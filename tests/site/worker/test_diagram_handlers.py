"""The worker's half of the network's picture: what it reports becomes what the page shows."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.networks import reference
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import NETWORKS, build, digits, layers_described, weights_for

if TYPE_CHECKING:
    from scrawl.diagram.diagram_state import DrawnNetwork
    from scrawl.worker.diagram_handlers import DiagramHandlers

PICTURE = digits(4)[0][0]


class Bytes(bytes):
    """Bytes with a buffer of their own, as a typed array has it."""

    @property
    def buffer(self) -> bytes:
        return self


class BrowserKernel(WasmtimeKernel):
    """A kernel that reads typed arrays."""

    def read_bytes(self, address: int, count: int) -> Bytes:
        return Bytes(super().read_bytes(address, count))


class Case:
    """The handlers beside one network, and the state of a page that takes their reports."""

    def __init__(self, name: str) -> None:
        from scrawl.diagram.diagram_state import DiagramState
        from scrawl.inspect.attribution import Attribution
        from scrawl.inspect.tile_painter import TilePainter
        from scrawl.state.app_state import State
        from scrawl.worker.diagram_handlers import DiagramHandlers

        self.kernel = BrowserKernel()
        self.layers = NETWORKS[name]
        self.weights = weights_for(self.layers)
        network = build(self.kernel, self.layers, 2)
        network.load(self.weights)
        self.predictor = SimpleNamespace(picture=None, image=self.kernel.put(PICTURE), network=network)
        attribution = Attribution(self.kernel, network)
        inspection: Any = SimpleNamespace(attribution=lambda: attribution, painter=TilePainter(self.kernel))
        worker: Any = SimpleNamespace(
            kernel=self.kernel, predictor=self.predictor, report=self.report, hand_over=self.hand_over
        )
        self.state = State()
        self.state.model = name
        self.state.diagram = DiagramState()
        self.handlers: DiagramHandlers = DiagramHandlers(worker, inspection)

    def report(self, kind: str, **fields: Any) -> None:
        from scrawl import protocol
        from scrawl.diagram.diagram_state import TRANSITIONS

        TRANSITIONS[kind](self.state, **protocol.fields(protocol.REPORTS, {"kind": kind, **fields})[1])

    def hand_over(self, kind: str, buffer: bytes, **fields: Any) -> None:
        self.report(kind, buffer=buffer, **fields)

    def draw(self, sizes: list[int], chosen: tuple[int, int] | None = None) -> DrawnNetwork:
        """Ask for the picture, and return what the page gets."""
        described = {"model": self.state.model, "layers": layers_described(self.layers)}
        self.handlers.draw_network(json.dumps(described), json.dumps(sizes), json.dumps(chosen))
        assert self.state.diagram.network is not None
        return self.state.diagram.network


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    from scrawl.worker import diagram_handlers

    monkeypatch.setattr(diagram_handlers, "now", lambda: 0.0)


@pytest.mark.parametrize(
    ("name", "sizes", "blank", "drawn"),
    [
        ("mlp-128", [12], {"tiles-0": 28}, {"tiles-0": 28}),
        ("mlp-128-64", [12, 8], {"tiles-0": 28}, {"tiles-0": 28, "units-1": 28}),
        ("conv-32-64", [9, 7, 5], {"filters-0": 3}, {"filters-0": 3, "maps-0": 14, "maps-1": 7, "units-2": 28}),
        ("odd sizes", [37, 5], {"tiles-0": 28}, {"tiles-0": 28, "units-1": 28}),
    ],
)
def test_every_column_has_its_pictures_and_numbers(
    name: str, sizes: list[int], blank: dict[str, int], drawn: dict[str, int]
) -> None:
    case = Case(name)
    for picture, parts in ((None, blank), (PICTURE, drawn)):
        case.predictor.picture = picture
        network = case.draw(sizes)
        assert {part: painted["width"] for part, painted in network.pictures.items()} == parts
        for part, painted in network.pictures.items():
            shown = sizes[int(part[-1])]
            assert painted["height"] == painted["width"] * shown
            assert len(bytes(painted["buffer"])) == 4 * painted["width"] * painted["height"]  # type: ignore[call-overload]
        assert [len(units) for units in network.units] == sizes
        assert [len(rows) for rows in network.links] == [*sizes[1:], 10]
        assert network.drawn is (picture is not None)


def test_activations_are_those_of_the_units_shown() -> None:
    case = Case("mlp-128-64")
    case.predictor.picture = PICTURE
    network = case.draw([12, 8])
    x = (PICTURE / 255)[None]
    values = [x := reference.forward(layer, case.weights, x) for layer in case.layers]
    for stage in (0, 1):
        expected = values[2 * stage + 1][0][network.units[stage]]
        np.testing.assert_allclose(network.activations[stage], expected, rtol=1e-4, atol=1e-5)


def test_chosen_unit_is_shown_and_its_ink_and_contributions_come_with_it() -> None:
    case = Case("mlp-128")
    case.predictor.picture = PICTURE
    hidden = next(unit for unit in range(128) if unit not in case.draw([12]).units[0])
    network = case.draw([12], (0, hidden))
    assert hidden in network.units[0]
    assert len(network.contributions) == 10
    assert network.pictures["chosen"]["width"] == 28
    answer = case.draw([12], (1, 3))
    assert (answer.contributions, "chosen" in answer.pictures) == ([], True)


def test_units_stay_while_nothing_is_drawn_and_the_weights_are_few_moments_older() -> None:
    case = Case("mlp-128")
    before = case.draw([12]).units
    case.predictor.network.randomise(5)
    assert case.draw([12]).units == before
    assert len(case.draw([14]).units[0]) == 14
