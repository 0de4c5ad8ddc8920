"""One panel: a grid of pictures on a canvas, and over it a list of its units, for the pointer and the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.inspect import descriptions
from scrawl.inspect.panels import neighbour
from scrawl.ui.dom import set_attribute, set_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser import Event

    from scrawl.inspect.inspect_state import PanelPicture
    from scrawl.inspect.panels import Panel

GRID = """<figcaption><b></b> <span class="hint"></span></figcaption>
<div class="frame"><canvas></canvas><div class="cells"></div></div><p class="hint scale"></p>"""


class PanelView:
    """A figure about one layer. `choose(stage, unit)` is called for the unit that is pointed at or walked to."""

    def __init__(self, panel: Panel, columns: int, choose: Callable[[int, int], object]) -> None:
        self.panel, self.columns, self.choose = panel, columns, choose
        self.choosable = panel.kind != "filters" or panel.stage == 0
        self.rows = -(-panel.count // columns)
        self.element = document.createElement("figure")
        set_attribute(self.element, "class", f"panel {panel.kind}")
        set_attribute(self.element, "data-panel", panel.name)
        self.element.innerHTML = GRID
        set_text(self.element.querySelector("b"), descriptions.title(panel))
        set_text(self.element.querySelector("span"), descriptions.sentence(panel))
        self.canvas = self.element.querySelector("canvas")
        self.scale = self.element.querySelector(".scale")
        self.cells = self.element.querySelector(".cells")
        self.options: Any = []  # the units' elements
        self._painted: PanelPicture | None = None
        self._chosen = -1
        self._set_size()
        if self.choosable:
            self._add_options()
        else:
            set_attribute(self.cells, "role", "img")
            set_attribute(self.cells, "aria-label", f"{descriptions.title(panel)}: {panel.count} pictures")
            self.cells.innerHTML = "<i></i>" * panel.count

    def _set_size(self) -> None:
        style = self.element.querySelector(".frame").style
        style.setProperty("--columns", str(self.columns))
        style.setProperty("--rows", str(self.rows))
        set_attribute(self.canvas, "width", str(self.columns * self.panel.side))
        set_attribute(self.canvas, "height", str(self.rows * self.panel.side))

    def _add_options(self) -> None:
        noun = descriptions.noun(self.panel)
        label = f"{descriptions.title(self.panel)}: choose a {noun} with the arrow keys"
        set_attribute(self.cells, "role", "listbox")
        set_attribute(self.cells, "aria-label", label)
        self.cells.innerHTML = "".join(
            f'<i role="option" aria-selected="false" data-unit="{unit}" tabindex="{0 if unit == 0 else -1}" '
            f'aria-label="{noun} {unit + 1}"></i>'
            for unit in range(self.panel.count)
        )
        self.options = self.cells.children
        self.cells.bind("pointerover", self._hover)
        self.cells.bind("click", self._choose)
        self.cells.bind("focusin", self._choose)
        self.cells.bind("keydown", self._press)

    def show(self, picture: PanelPicture | None) -> bool:
        """Paint a picture, or nothing. Return whether there was something to do."""
        if picture is self._painted:
            return False
        self._painted = picture
        context = self.canvas.getContext("2d")
        if picture is None or int(picture["width"]) != self.columns * self.panel.side:
            context.clearRect(0, 0, self.columns * self.panel.side, self.rows * self.panel.side)
            set_text(self.scale, "" if picture else "Draw a digit to see it.")
            return True
        pixels = window.Uint8ClampedArray.new(picture["buffer"])
        context.putImageData(window.ImageData.new(pixels, picture["width"], picture["height"]), 0, 0)
        set_text(self.scale, descriptions.scale(self.panel, picture["limit"]))
        return True

    def mark(self, chosen: tuple[int, int] | None) -> None:
        """Mark the chosen unit."""
        unit = chosen[1] if chosen and chosen[0] == self.panel.stage and self.choosable else -1
        if unit == self._chosen:
            return
        for place, on in ((self._chosen, False), (unit, True)):
            if place >= 0:
                set_attribute(self.options[place], "aria-selected", "true" if on else "false")
        for place, on in ((max(self._chosen, 0), False), (max(unit, 0), True)):
            if self.choosable:
                set_attribute(self.options[place], "tabindex", "0" if on else "-1")
        self._chosen = unit

    def enlarge(self, unit: int, context: Any) -> None:
        """Paint the picture of one unit to another canvas."""
        side = self.panel.side
        context.clearRect(0, 0, side, side)
        x, y = unit % self.columns * side, unit // self.columns * side
        context.drawImage(self.canvas, x, y, side, side, 0, 0, side, side)

    def repaint(self) -> None:
        """Paint the next picture even if it is the same: the colours have changed."""
        self._painted = None

    def _hover(self, event: Event) -> None:
        if event.pointerType == "mouse":
            self._choose(event)

    def _choose(self, event: Event) -> None:
        unit = _unit_of(event)
        if unit >= 0:
            self.choose(self.panel.stage, unit)

    def _press(self, event: Event) -> None:
        target = neighbour(event.key, _unit_of(event), self.panel.count, self.columns)
        if target is not None:
            event.preventDefault()
            self.options[target].focus()


def _unit_of(event: Event) -> int:
    unit = event.target.getAttribute("data-unit")
    return int(unit) if unit else -1
