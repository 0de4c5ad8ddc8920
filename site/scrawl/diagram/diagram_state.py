"""The part of the page's state that belongs to the network's picture, and the events that change it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.diagram import convolution_steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, TypedDict

    from browser.arrays import ArrayBuffer

    from scrawl.state.app_state import State, Transitions

    class PartPicture(TypedDict):
        """RGBA pixels of the pictures of a column, one below the other."""

        width: int
        height: int
        buffer: ArrayBuffer


class Choice:
    """The unit or connection that is explained; `column` and `unit` are where it is, or where it leads to.

    `source` is the unit that a connection comes from, -1 for the drawing or if it is not a connection.
    """

    def __init__(self, kind: Literal["unit", "link"], column: int, unit: int, source: int = -1) -> None:
        self.kind = kind
        self.column = column
        self.unit = unit
        self.source = source

    def key(self) -> tuple[str, int, int, int]:
        """Return what two equal choices have in common."""
        return self.kind, self.column, self.unit, self.source


class DrawnNetwork:
    """What the worker has found out about a network, by column and place."""

    def __init__(
        self,
        drawn: bool,
        units: list[list[int]],
        activations: list[list[float]],
        links: list[list[list[float]]],
        filters: list[list[float]],
        contributions: list[float],
        pictures: dict[str, PartPicture],
    ) -> None:
        self.drawn = drawn
        self.units = units  # by hidden layer, then by place
        self.activations = activations  # likewise, nothing for an empty pad
        self.links = links  # by hidden layer but the first, and the answers last: rows of what leads to a place
        self.filters = filters  # of the first convolution, by place: nine weights and the bias
        self.contributions = contributions  # of the chosen unit to the ten scores
        self.pictures = pictures
        self.loudest = [max([value for value in values if value == value], default=0.0) for values in activations]

    def place_of(self, stage: int, unit: int) -> int:
        """Return the place in which a unit stands, -1 if it is not shown; answers and drawing stand in their own."""
        if not 0 <= stage < len(self.units):
            return unit
        return self.units[stage].index(unit) if unit in self.units[stage] else -1

    def unit_at(self, stage: int, place: int) -> int:
        """Return which unit stands in a place."""
        return self.units[stage][place] if 0 <= stage < len(self.units) else place

    def loudness(self, stage: int, place: int) -> float:
        """Return a unit's activation as a share of the loudest one's of its layer."""
        if not self.drawn or self.loudest[stage] <= 0:
            return 0.0
        return max(0.0, min(1.0, self.activations[stage][place] / self.loudest[stage]))


class DiagramState:
    """What the network's picture adds to the page's state."""

    def __init__(self) -> None:
        self.stepping = False  # whether one convolution is shown step by step
        self.playing = False
        self.window = 0  # its place in the picture, by rows
        self.filter = 0  # the place of the one that is shown
        self.clear()

    def clear(self) -> None:
        """Forget what belongs to the selected network."""
        self.network: DrawnNetwork | None = None
        self.choice: Choice | None = None
        self.painted: dict[str, PartPicture] = {}  # for the next `network`


def grouped[Item](flat: Sequence[Item], sizes: Sequence[int]) -> list[list[Item]]:
    """Return a list's items in groups of these sizes."""
    groups, first = [], 0
    for size in sizes:
        groups.append([*flat[first : first + size]])
        first += size
    return groups


def grouped_links(flat: Sequence[float], sizes: Sequence[int]) -> list[list[list[float]]]:
    """Return the connections between layers of these sizes, and up to the ten answers: by target, then by source."""
    if not sizes:
        return []
    above = [*sizes[1:], 10]
    groups = grouped(flat, [below * targets for below, targets in zip(sizes, above, strict=True)])
    return [grouped(group, [below] * targets) for group, below, targets in zip(groups, sizes, above, strict=True)]


def _network_part_painted(state: State, model: str, part: str, width: int, height: int, buffer: ArrayBuffer) -> None:
    if model == state.model:
        state.diagram.painted[part] = {"width": width, "height": height, "buffer": buffer}


def _network_drawn(
    state: State,
    model: str,
    drawn: bool,
    sizes: Sequence[int],
    units: Sequence[int],
    activations: Sequence[float],
    links: Sequence[float],
    filters: Sequence[float],
    contributions: Sequence[float],
) -> None:
    diagram = state.diagram
    pictures, diagram.painted = diagram.painted, {}
    if model != state.model:
        return
    counts = [int(size) for size in sizes]
    diagram.network = DrawnNetwork(
        drawn,
        grouped([int(unit) for unit in units], counts),
        grouped([float(value) for value in activations], counts if drawn else []),
        grouped_links([float(value) for value in links], counts),
        grouped([float(value) for value in filters], [10] * (len(filters) // 10)),
        [float(value) for value in contributions],
        pictures,
    )


def _part_chosen(state: State, choice: Choice | None) -> None:
    state.diagram.choice = choice


def _diagram_cleared(state: State) -> None:
    state.diagram.clear()
    state.diagram.stepping = state.diagram.playing = False


# The convolution


def _convolution_toggled(state: State, on: bool) -> None:
    state.diagram.stepping, state.diagram.playing = on, False
    state.diagram.choice = None
    if on and state.picture is not None and not state.blank:
        state.diagram.window = convolution_steps.next_window(state.picture, 0)


def _convolution_played(state: State, on: bool) -> None:
    state.diagram.playing = on


def _window_moved(state: State, window: int) -> None:
    state.diagram.window = window


def _filter_chosen(state: State, place: int) -> None:
    state.diagram.filter = place


TRANSITIONS: Transitions = {
    "network_part_painted": _network_part_painted,
    "network_drawn": _network_drawn,
    "part_chosen": _part_chosen,
    "diagram_cleared": _diagram_cleared,
    "convolution_toggled": _convolution_toggled,
    "convolution_played": _convolution_played,
    "window_moved": _window_moved,
    "filter_chosen": _filter_chosen,
}
