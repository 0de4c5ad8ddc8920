"""What lies over the network's canvas: the columns' names, lists of the units, and sliders of the connections.

Each column is a listbox; what leads to it is a slider, whose values are the connections from the strongest on. Arrow
keys walk through both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.diagram import sentences
from scrawl.diagram.diagram_state import Choice
from scrawl.diagram.geometry import TARGET
from scrawl.inspect.descriptions import ORDINALS
from scrawl.ui.dom import set_attribute

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser import Element, Event

    from scrawl.diagram.columns import Column
    from scrawl.diagram.geometry import Layout, PlacedColumn
    from scrawl.diagram.network_painter import NetworkPainter
    from scrawl.state.app_state import State

STEPS = {"ArrowDown": 1, "ArrowRight": 1, "ArrowUp": -1, "ArrowLeft": -1}


class NetworkParts:
    """Owns the elements over the canvas. `choose` is called with what is walked to."""

    def __init__(self, element: Element, painter: NetworkPainter, choose: Callable[[Choice | None], object]) -> None:
        self.element, self.painter, self.choose = element, painter, choose
        self.columns: list[Column] = []
        self._lists: list[Any] = []  # the columns' listboxes, of the hidden layers and the answers
        self._named: tuple[object, object] | None = None  # what the names are of
        element.bind("focusin", self._focus)
        element.bind("keydown", self._press)

    def arrange(self, columns: list[Column], layout: Layout, wide: bool) -> None:
        """Make room for the columns of a network."""
        self.columns = columns
        headings = [self._heading(placed, wide) for placed in layout.columns]
        lists = [self._slider(layout, number) + self._listbox(layout, number) for number in range(1, len(columns))]
        self.element.innerHTML = "".join(headings + lists)
        self._lists = list(self.element.querySelectorAll("[role=listbox]"))
        self._named = None

    def _heading(self, placed: PlacedColumn, wide: bool) -> str:
        middle = (placed.left() + placed.right()) / 2
        text = sentences.heading(placed.column, len(placed.tops), wide)
        side = {"drawing": "left", "answers": "right"}.get(placed.column.kind, "middle")
        return f'<span class="network-head {side}" style="left:{middle:.0f}px">{text}</span>'

    def _slider(self, layout: Layout, number: int) -> str:
        left, right = layout.columns[number - 1].right(), layout.columns[number].left()
        middle = (left + right) / 2
        return (
            f'<i role="slider" tabindex="0" data-links="{number}" aria-valuemin="1" aria-valuemax="1" '
            f'aria-valuenow="1" aria-orientation="vertical" aria-label="Connections to {self._title(number)}" '
            f'title="A sentence describes each: walk through them with the arrow keys." '
            f'style="left:{middle - TARGET / 2:.0f}px;top:{layout.head:.0f}px"></i>'
        )

    def _listbox(self, layout: Layout, number: int) -> str:
        options = ""
        for place in range(len(layout.columns[number].tops)):
            x, y, width, height = layout.target(number, place)
            options += (
                f'<i role="option" aria-selected="false" data-column="{number}" data-place="{place}" '
                f'tabindex="{-1 if place else 0}" aria-label="{place}" '
                f'style="left:{x:.0f}px;width:{width:.0f}px;top:{y:.1f}px;height:{height:.1f}px"></i>'
            )
        return f'<div role="listbox" aria-label="{self._title(number)}">{options}</div>'

    def _title(self, number: int) -> str:
        column = self.columns[number]
        if column.kind == "answers":
            return "the ten answers"
        return f"the {ORDINALS[column.stage]} layer's {column.noun()}s"

    def name_units(self, state: State) -> None:
        """Name the units that are painted in the places, and mark the chosen one."""
        network, choice = self.painter.network, state.diagram.choice
        named = (network.units if network else None, choice.key() if choice else None)
        if named == self._named:
            return
        self._named = named
        for number, box in enumerate(self._lists, 1):
            column = self.columns[number]
            for place, option in enumerate(box.children):
                unit = network.unit_at(column.stage, place) if network else place
                set_attribute(option, "aria-label", sentences.name(column, unit))
                chosen = choice is not None and choice.key() == ("unit", number, unit, -1)
                set_attribute(option, "aria-selected", "true" if chosen else "false")

    # Pointer and keyboard

    def unit_choice(self, element: Any) -> Choice | None:
        """Return the unit that an element of a list stands for."""
        network = self.painter.network
        number = element.getAttribute("data-column")
        if not number or network is None:
            return None
        return Choice("unit", int(number), network.unit_at(int(number) - 1, int(element.getAttribute("data-place"))))

    def link_choice(self, number: int) -> Choice | None:
        """Return a connection by its number among those that are painted."""
        network = self.painter.network
        if network is None:
            return None
        column, source, target, _ = self.painter.links[number]
        unit = network.unit_at(column - 1, target)
        return Choice("link", column, unit, network.unit_at(column - 2, source) if column > 1 else -1)

    def _focus(self, event: Event) -> None:
        links = event.target.getAttribute("data-links")
        if links:
            self._step_link(event.target, 0)
        else:
            self.choose(self.unit_choice(event.target))

    def _press(self, event: Event) -> None:
        target = event.target
        if target.getAttribute("data-links"):
            if event.key in STEPS:
                event.preventDefault()
                self._step_link(target, STEPS[event.key])
            return
        goal = self._neighbour(target, event.key)
        if goal is not None:
            event.preventDefault()
            for option in goal.parentNode.children:
                set_attribute(option, "tabindex", "0" if option is goal else "-1")
            goal.focus()

    def _neighbour(self, option: Any, key: str) -> Any:
        """Return the option that a key leads to: up and down in the column, left and right to the one beside."""
        if not option.getAttribute("data-column"):
            return None
        number, place = int(option.getAttribute("data-column")) - 1, int(option.getAttribute("data-place"))
        options = self._lists[number].children
        if key in ("ArrowLeft", "ArrowRight"):
            beside = number + (1 if key == "ArrowRight" else -1)
            if not 0 <= beside < len(self._lists):
                return None
            others = self._lists[beside].children
            return others[min(place * others.length // options.length, others.length - 1)]
        place = {"ArrowUp": place - 1, "ArrowDown": place + 1, "Home": 0, "End": options.length - 1}.get(key, -1)
        return options[place] if 0 <= place < options.length else None

    def _step_link(self, slider: Any, step: int) -> None:
        """Go to the next connection of a gap; the first is the strongest."""
        column = int(slider.getAttribute("data-links"))
        numbers = [n for n in range(len(self.painter.links)) if self.painter.links[n][0] == column][::-1]
        if column == 1:
            numbers.reverse()
        if not numbers:
            return
        now = int(slider.getAttribute("aria-valuenow")) + step
        now = max(1, min(len(numbers), now))
        set_attribute(slider, "aria-valuemax", str(len(numbers)))
        set_attribute(slider, "aria-valuenow", str(now))
        choice, network = self.link_choice(numbers[now - 1]), self.painter.network
        if choice is not None and network is not None:
            set_attribute(slider, "aria-valuetext", sentences.link(self.columns, network, choice))
            self.choose(choice)
