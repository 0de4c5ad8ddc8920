"""What the worker reports becomes a network by column and place, and the choice and the steps follow events."""

from typing import Any

from scrawl.diagram.diagram_state import TRANSITIONS, Choice, DiagramState, grouped, grouped_links
from scrawl.state.app_state import State

REPORT: dict[str, Any] = {
    "model": "mlp-128",
    "drawn": True,
    "sizes": [2, 1],
    "units": [7, 3, 5],
    "activations": [0.5, 0.0, 2.0],
    "links": [1.0, 2.0, *range(10)],
    "filters": [],
    "contributions": [],
}


def state_after(*events: tuple[str, dict[str, Any]]) -> State:
    state = State()
    state.diagram = DiagramState()
    for event, fields in events:
        TRANSITIONS[event](state, **fields)
    return state


def painted(model: str) -> tuple[str, dict[str, Any]]:
    return "network_part_painted", {"model": model, "part": "tiles-0", "width": 28, "height": 56, "buffer": b""}


def test_report_becomes_a_network_by_column_and_place() -> None:
    network = state_after(painted("mlp-128"), ("network_drawn", REPORT)).diagram.network
    assert network is not None
    assert network.units == [[7, 3], [5]]
    assert network.links == [[[1.0, 2.0]], [[float(digit)] for digit in range(10)]]
    assert network.pictures["tiles-0"]["height"] == 56
    assert (network.place_of(0, 3), network.place_of(0, 9), network.place_of(2, 6)) == (1, -1, 6)
    assert (network.unit_at(0, 1), network.unit_at(2, 6), network.unit_at(-1, 0)) == (3, 6, 0)
    assert [network.loudness(0, place) for place in (0, 1)] == [1.0, 0.0]


def test_pictures_come_with_their_own_network_only() -> None:
    state = state_after(painted("mlp-128"), ("network_drawn", REPORT), ("network_drawn", REPORT))
    assert state.diagram.network is not None
    assert state.diagram.network.pictures == {}


def test_report_of_another_network_is_left_out() -> None:
    report = {**REPORT, "model": "mlp-128-64"}
    state = state_after(painted("mlp-128-64"), ("network_drawn", report))
    assert state.diagram.network is None
    assert state.diagram.painted == {}


def test_nothing_is_loud_without_a_drawing() -> None:
    report = {**REPORT, "drawn": False, "activations": []}
    network = state_after(("network_drawn", report)).diagram.network
    assert network is not None
    assert network.loudness(0, 0) == 0.0


def test_another_network_forgets_choice_and_steps() -> None:
    state = state_after(
        ("part_chosen", {"choice": Choice("unit", 1, 3)}),
        ("convolution_toggled", {"on": True}),
        ("convolution_played", {"on": True}),
        ("diagram_cleared", {}),
    )
    assert (state.diagram.choice, state.diagram.stepping, state.diagram.playing) == (None, False, False)


def test_stepping_starts_where_there_is_ink() -> None:
    state = State()
    state.diagram = DiagramState()
    state.picture, state.blank = bytes([0] * 400 + [255] + [0] * 383), False
    TRANSITIONS["convolution_toggled"](state, on=True)
    assert state.diagram.window == 400 - 28 - 1


def test_flat_lists_are_grouped() -> None:
    assert grouped([1, 2, 3], [1, 0, 2]) == [[1], [], [2, 3]]
    assert grouped_links([], []) == []
