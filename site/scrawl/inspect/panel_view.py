"""One panel: a grid of pictures on a canvas; over it a list of its units, to be pointed at and walked through."""

from browser import document
from browser import self as window

from scrawl.inspect import descriptions, grid_navigation
from scrawl.ui.dom import set_attribute, set_text

GRID = """<figcaption><b></b> <span class="hint"></span></figcaption>
<div class="frame"><canvas></canvas><div class="cells"></div></div><p class="hint scale"></p>"""


class PanelView:
    """A figure about one layer. `choose(stage, unit)` is called for the unit that is pointed at or walked to."""

    def __init__(self, panel: object, columns: int, choose: object) -> None:
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
        self._painted: object = None
        self._chosen = -1
        self._prepare()

    def _prepare(self) -> None:
        style = self.element.querySelector(".frame").style
        style.setProperty("--columns", str(self.columns))
        style.setProperty("--rows", str(self.rows))
        set_attribute(self.canvas, "width", str(self.columns * self.panel.side))
        set_attribute(self.canvas, "height", str(self.rows * self.panel.side))
        if not self.choosable:
            set_attribute(self.cells, "role", "img")
            set_attribute(self.cells, "aria-label", f"{descriptions.title(self.panel)}: {self.panel.count} pictures")
            self.cells.innerHTML = "<i></i>" * self.panel.count
            return
        noun = descriptions.kind(self.panel)
        set_attribute(self.cells, "role", "listbox")
        set_attribute(
            self.cells, "aria-label", f"{descriptions.title(self.panel)}: choose a {noun} with the arrow keys"
        )
        self.cells.innerHTML = "".join(
            f'<i role="option" aria-selected="false" data-unit="{unit}" tabindex="{0 if unit == 0 else -1}" '
            f'aria-label="{noun} {unit + 1}"></i>'
            for unit in range(self.panel.count)
        )
        self.options = self.cells.children
        for event, action in (
            ("pointerover", self._pointed),
            ("click", self._clicked),
            ("focusin", self._clicked),
            ("keydown", self._key),
        ):
            self.cells.bind(event, action)

    def show(self, picture: dict | None) -> bool:
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

    def mark(self, chosen: tuple | None) -> None:
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

    def enlarge(self, unit: int, context: object) -> None:
        """Paint a unit's picture alone."""
        side = self.panel.side
        context.clearRect(0, 0, side, side)
        x, y = unit % self.columns * side, unit // self.columns * side
        context.drawImage(self.canvas, x, y, side, side, 0, 0, side, side)

    def _unit_of(self, event: object) -> int:
        unit = event.target.getAttribute("data-unit")
        return int(unit) if unit else -1

    def _pointed(self, event: object) -> None:
        if event.pointerType == "mouse":
            self._clicked(event)

    def _clicked(self, event: object) -> None:
        unit = self._unit_of(event)
        if unit >= 0:
            self.choose(self.panel.stage, unit)

    def _key(self, event: object) -> None:
        target = grid_navigation.move(event.key, self._unit_of(event), self.panel.count, self.columns)
        if target is not None:
            event.preventDefault()
            self.options[target].focus()

    def repaint(self) -> None:
        """Paint again what comes next: the colours have changed."""
        self._painted = None
