"""What lies over the network's picture stands for what is painted there, whatever the worker has reported since."""

from types import SimpleNamespace
from typing import Any

from scrawl.diagram.columns import columns_for
from scrawl.diagram.diagram_state import Choice, DrawnNetwork
from scrawl.diagram.geometry import Layout
from scrawl.diagram.network_parts import NetworkParts
from scrawl.state.app_state import State

from tests.support.fake_browser import FakeElement
from tests.support.networks.kernel_networks import NETWORKS, layers_described

COLUMNS = columns_for(layers_described(NETWORKS["mlp-128"]))
LINKS = [[[float(digit)] * 3] for digit in range(10)]


class Option(FakeElement):
    """A place of a list, with the attributes it has been given."""

    def __init__(self, column: int, place: int) -> None:
        super().__init__(attributes={"data-column": str(column), "data-place": str(place)})

    def getAttribute(self, name: str) -> str | None:  # noqa: N802
        found: str | None = self.attributes.get(name)
        return found

    def setAttribute(self, name: str, value: str) -> None:  # noqa: N802
        self.attributes[name] = value


def network(*units: int) -> DrawnNetwork:
    return DrawnNetwork(True, [list(units)], [[1.0] * len(units)], LINKS, [], [], {})


def parts_over(painted: DrawnNetwork | None, lists: list[Any]) -> NetworkParts:
    """Return what lies over a picture of three units of the first layer and the answers."""
    element = FakeElement(querySelectorAll=lambda _selector: lists)
    painter: Any = SimpleNamespace(network=painted, links=[(1, 0, 2, 1.0), (2, 1, 9, 0.5)])
    parts = NetworkParts(element, painter, lambda _choice: None)  # type: ignore[arg-type] # all that it uses
    parts.arrange(COLUMNS, Layout(COLUMNS, 640, 300), True)
    return parts


def test_places_are_named_and_chosen_by_the_painted_network_while_one_of_another_size_has_come() -> None:
    lists = [
        SimpleNamespace(children=[Option(column, place) for place in range(count)])
        for column, count in ((1, 3), (2, 10))
    ]
    parts = parts_over(network(7, 30, 100), lists)
    state: Any = State()
    state.diagram = SimpleNamespace(network=network(5), choice=Choice("unit", 1, 30))
    parts.name_units(state)
    first = lists[0].children
    assert [option.getAttribute("aria-label") for option in first] == ["unit 8", "unit 31", "unit 101"]
    assert [option.getAttribute("aria-selected") for option in first] == ["false", "true", "false"]
    assert [parts.unit_choice(option).key() for option in first] == [("unit", 1, unit, -1) for unit in (7, 30, 100)]  # type: ignore[union-attr]
    assert parts.link_choice(0).key() == ("link", 1, 100, -1)  # type: ignore[union-attr]
    assert parts.link_choice(1).key() == ("link", 2, 9, 30)  # type: ignore[union-attr]


def test_nothing_is_chosen_before_anything_is_painted() -> None:
    parts = parts_over(None, [])
    assert parts.unit_choice(Option(1, 2)) is None
    assert parts.link_choice(0) is None
