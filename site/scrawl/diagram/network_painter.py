"""Paints the network's picture on a canvas: connections, drawing, tiles and answers, where `geometry` puts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.diagram.selection import is_chosen, is_part_of, links_to_show
from scrawl.ui.canvas import ink_picture, new_canvas, set_size
from scrawl.ui.dom import set_attribute
from scrawl.ui.theme_colours import theme_colours

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser import Element

    from scrawl.diagram.diagram_state import Choice, DrawnNetwork, PartPicture
    from scrawl.diagram.geometry import Curve, Layout, PlacedColumn
    from scrawl.diagram.selection import ShownLink
    from scrawl.net.interfaces import Bytes
    from scrawl.state.app_state import State
    from scrawl.ui.canvas import Context

    type ShownPlaces = tuple[int, int, int]  # column a link leads to, source's and target's places
    type Path = Any  # a Path2D

THINNEST, THICKEST = 0.6, 5.0  # of a connection
FAINT, SILENT = 0.07, 0.4  # opacity of what is not meant, and of a unit that does not answer
TURN = 6.2832  # a circle


class NetworkPainter:
    """Paints on one canvas. `network` is the one that it painted last, `links` its connections, the strongest last.

    It paints on a canvas behind it, in steps, so that what takes several frames is shown when it is done.
    """

    def __init__(self, canvas: Element) -> None:
        self.canvas = canvas
        self._behind = new_canvas(1, 1)
        self._shown: Context = canvas.getContext("2d")
        self.context: Context = self._behind.getContext("2d")
        self._size = (1, 1)
        self.outdated = True  # until the first picture of this size, in these colours, is shown
        self.network: DrawnNetwork | None = None
        self.links: list[ShownLink] = []
        self.curves: list[Curve] = []  # of the links
        self._paths: dict[ShownPlaces, tuple[Curve, Path]] = {}  # of all links that were shown in this size
        self.colours: dict[str, str] = {}
        self.font = "sans-serif"
        self._sheets: dict[str, tuple[PartPicture, Element]] = {}  # canvases of the pictures, by part
        self._found: list[tuple[Curve, Path]] = []  # of the links
        self._drawing: tuple[Bytes | None, Element | None] = (None, None)

    def resize(self, width: int, height: int, scale: float) -> None:
        """Take another size in CSS pixels, empty; each of them is `scale` of the canvas."""
        self._size, self.outdated = (round(width * scale), round(height * scale)), True
        self.network, self.links, self.curves, self._paths = None, [], [], {}
        set_size(self.canvas, *self._size)
        set_size(self._behind, *self._size)
        set_attribute(self.canvas, "style", f"width:{width}px;height:{height}px")

    def repaint(self) -> None:
        """Take the theme's colours again."""
        self.colours = theme_colours()
        self.font = str(window.getComputedStyle(document.body).fontFamily)
        self._drawing, self.outdated = (None, None), True

    def steps(self, state: State, layout: Layout, scale: float) -> list[Callable[[], object]]:
        """Return what paints everything, in the order of its layers."""
        network, choice = state.diagram.network, state.diagram.choice
        steps: list[Callable[[], object]] = [lambda: self._start(network, layout, scale)]
        if network is not None:
            steps.append(lambda: self._paint_links(network, choice))
        steps.append(lambda: self._paint_drawing(state, network, layout.columns[0]))
        if network is not None:
            steps += [self._column_step(placed, network, choice) for placed in layout.columns[1:-1]]
        steps.append(lambda: self._finish(state, layout))
        return steps

    def _column_step(
        self, placed: PlacedColumn, network: DrawnNetwork, choice: Choice | None
    ) -> Callable[[], object]:
        return lambda: self._paint_column(placed, network, choice)

    def _start(self, network: DrawnNetwork | None, layout: Layout, scale: float) -> None:
        context = self.context
        context.setTransform(scale, 0, 0, scale, 0, 0)
        context.clearRect(0, 0, layout.width, layout.height)
        context.imageSmoothingEnabled = False
        self.network, self.links = network, links_to_show(network)
        self._found = [self._path_of(layout, (column, source, target)) for column, source, target, _ in self.links]
        self.curves = [curve for curve, _path in self._found]

    def _finish(self, state: State, layout: Layout) -> None:
        self._paint_answers(state, layout)
        self.context.globalAlpha = 1
        width, height = self._size
        self._shown.clearRect(0, 0, width, height)
        self._shown.drawImage(self._behind, 0, 0, width, height)
        self.outdated = False

    # Connections

    def _paint_links(self, network: DrawnNetwork, choice: Choice | None) -> None:
        context, colours = self.context, self.colours
        context.lineCap = "round"
        for (column, source, target, share), (_curve, path) in zip(self.links, self._found, strict=True):
            size = abs(share)
            meant = choice is None or is_part_of(network, choice, column, source, target)
            context.globalAlpha = (0.2 + 0.75 * size) if meant else FAINT
            colour = "positive" if share > 0 else "negative"
            context.strokeStyle = colours[colour] if size else colours["line-strong"]
            extra = 1.5 if meant and choice is not None and choice.kind == "link" else 0
            context.lineWidth = THINNEST + (THICKEST - THINNEST) * size + extra
            context.stroke(path)
        context.globalAlpha = 1

    def _path_of(self, layout: Layout, places: ShownPlaces) -> tuple[Curve, Path]:
        """Return a link's curve from column to column, and its path, which leads on to the unit's lane."""
        known = self._paths.get(places)
        if known is not None:
            return known
        column, source, target = places
        below, above = layout.columns[column - 1], layout.columns[column]
        curve = layout.curve(column, source, target)
        x, y, end_x, end_y = curve
        middle = (x + end_x) / 2
        path: Path = window.Path2D.new()
        path.moveTo(below.picture(source) + below.size if column > 1 else below.right(), y)
        path.lineTo(x, y)
        path.bezierCurveTo(middle, y, middle, end_y, end_x, end_y)
        path.lineTo(above.left(target), end_y)
        self._paths[places] = curve, path
        return curve, path

    # The drawing

    def _paint_drawing(self, state: State, network: DrawnNetwork | None, placed: PlacedColumn) -> None:
        x, y, size = placed.x, placed.tops[0], placed.size
        self._frame(x, y, size, "sunken", "line-strong", 1)
        overlay = network.pictures.get("chosen") if network else None
        if not state.blank and state.picture is not None:
            self.context.globalAlpha = 0.3 if overlay and state.diagram.choice else 1
            self.context.drawImage(self._ink(state.picture), x, y, size, size)
        self.context.globalAlpha = 1
        if overlay and state.diagram.choice and not state.blank:
            self.context.drawImage(self._sheet("chosen", overlay), 0, 0, 28, 28, x, y, size, size)
        elif state.blank and network and state.diagram.choice:
            self._paint_wanted(network, state.diagram.choice, placed)

    def _paint_wanted(self, network: DrawnNetwork, choice: Choice, placed: PlacedColumn) -> None:
        """Lay what a unit of the first layer looks for over the empty paper."""
        picture = network.pictures.get("tiles-0")
        place = network.place_of(0, choice.unit) if choice.column == 1 else -1
        if picture and place >= 0:
            x, y, size = placed.x, placed.tops[0], placed.size
            self.context.drawImage(self._sheet("tiles-0", picture), 0, 28 * place, 28, 28, x, y, size, size)

    def _ink(self, picture: Bytes) -> Element:
        known, canvas = self._drawing
        if known is not picture or canvas is None:
            canvas = ink_picture(picture, self.colours["ink"])
            self._drawing = (picture, canvas)
        return canvas

    # Units

    def _paint_column(self, placed: PlacedColumn, network: DrawnNetwork, choice: Choice | None) -> None:
        column, size = placed.column, placed.size
        sheet = self._sheet_of(column.part, network)
        filters = self._sheet_of("filters-0", network) if placed.filter_size else None
        for place, y in enumerate(placed.tops[: len(network.units[column.stage])]):
            share = network.loudness(column.stage, place)
            self.context.globalAlpha = 1 if share or not network.drawn else SILENT
            x = placed.picture(place)
            self._frame(x, y, size, "paper", "line", 1)
            if sheet:
                pixels = column.side
                self.context.drawImage(sheet, 0, pixels * place, pixels, pixels, x, y, size, size)
            if filters:
                top, side = y + (size - placed.filter_size) / 2, placed.filter_size
                self.context.drawImage(filters, 0, 3 * place, 3, 3, placed.left(place), top, side, side)
            if share:
                self._glow(x, y, size, share)
            if is_chosen(network, choice, column.stage + 1, place):
                self._outline(x, y, size)

    def _glow(self, x: float, y: float, size: float, share: float) -> None:
        """Frame a unit that answers, the louder the stronger."""
        context = self.context
        context.strokeStyle, context.lineWidth = self.colours["positive"], 1 + 2 * share
        context.globalAlpha = 0.25 + 0.75 * share
        context.strokeRect(x - 0.5, y - 0.5, size + 1, size + 1)
        context.globalAlpha = 1

    def _outline(self, x: float, y: float, size: float) -> None:
        self.context.globalAlpha = 1
        self.context.strokeStyle, self.context.lineWidth = self.colours["ink"], 2
        self.context.strokeRect(x - 2, y - 2, size + 4, size + 4)

    def _frame(self, x: float, y: float, size: float, fill: str, line: str, width: float) -> None:
        context = self.context
        context.fillStyle, context.strokeStyle, context.lineWidth = self.colours[fill], self.colours[line], width
        context.fillRect(x, y, size, size)
        context.strokeRect(x - 0.5, y - 0.5, size + 1, size + 1)

    # Answers

    def _paint_answers(self, state: State, layout: Layout) -> None:
        context, placed, choice = self.context, layout.columns[-1], state.diagram.choice
        best = state.label_of()
        shares = state.probabilities if best else []
        bar = layout.answers_width - placed.size - 6
        context.textAlign, context.textBaseline = "center", "middle"
        context.font = f"600 {min(20, max(11, placed.size * 0.62)):.0f}px {self.font}"
        for digit, y in enumerate(placed.tops):
            is_best = best is not None and best[0] == digit
            middle = y + placed.size / 2
            self._disc(placed.x + placed.size / 2, middle, placed.size / 2, is_best)
            context.fillStyle = self.colours["on-accent" if is_best else "ink" if shares else "muted"]
            context.fillText(str(digit), placed.x + placed.size / 2, middle + 0.5)
            if shares and bar > 4:
                width = max(1.5, bar * shares[digit])
                context.fillStyle = self.colours["accent" if is_best else "line-strong"]
                context.fillRect(placed.right() + 5, middle - placed.size / 6, width, placed.size / 3)
            if choice and choice.key() == ("unit", len(layout.columns) - 1, digit, -1):
                self._outline(placed.x, y, placed.size)

    def _disc(self, x: float, y: float, radius: float, filled: bool) -> None:
        context = self.context
        context.beginPath()
        context.arc(x, y, radius, 0, TURN)
        context.fillStyle = self.colours["accent" if filled else "surface"]
        context.fill()
        context.strokeStyle, context.lineWidth = self.colours["accent" if filled else "line-strong"], 1
        context.stroke()

    # Pictures

    def _sheet_of(self, part: str, network: DrawnNetwork) -> Element | None:
        picture = network.pictures.get(part)
        return self._sheet(part, picture) if picture else None

    def _sheet(self, part: str, picture: PartPicture) -> Element:
        """Return a canvas with the pictures of a part."""
        known = self._sheets.get(part)
        if known is not None and known[0] is picture:
            return known[1]
        width, height = int(picture["width"]), int(picture["height"])
        canvas = known[1] if known is not None and known[0]["height"] == picture["height"] else None
        if canvas is None:
            canvas = new_canvas(width, height)
        pixels = window.Uint8ClampedArray.new(picture["buffer"])
        canvas.getContext("2d").putImageData(window.ImageData.new(pixels, width, height), 0, 0)
        self._sheets[part] = (picture, canvas)
        return canvas
