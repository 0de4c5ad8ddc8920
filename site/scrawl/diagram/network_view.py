"""The network's picture on the page: a canvas, what lies over it (`network_parts`), and a sentence below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.diagram import sentences
from scrawl.diagram.columns import columns_for
from scrawl.diagram.geometry import Layout, nearest
from scrawl.diagram.network_painter import NetworkPainter
from scrawl.diagram.network_parts import NetworkParts
from scrawl.ui.dom import LastShown, set_attribute, set_flag, set_text, type_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Element, Event

    from scrawl.app.page import Page
    from scrawl.diagram.columns import Column
    from scrawl.diagram.diagram_state import Choice
    from scrawl.state.app_state import State

WIDE = 520  # CSS pixels from which headings are sentences
HEAD_EM = 1.25  # height of the columns' names: type is larger for a projector, or by the visitor's wish
FINEST = 2.0  # canvas pixels for each of CSS
STAGE = """<canvas></canvas><div class="network-parts"></div>"""
FOOT = """<p class="network-words"></p><p class="unseen" aria-live="polite"></p>"""


class NetworkView:
    """Owns the picture in #network. `request` asks for what the chosen unit does."""

    def __init__(self, page: Page, root: Element, request: Callable[[], object]) -> None:
        self.page, self.request = page, request
        self.stage, self.foot = document.createElement("div"), document.createElement("div")
        set_attribute(self.stage, "class", "network-stage")
        set_attribute(self.stage, "role", "group")
        set_attribute(self.stage, "aria-label", "The network, from the drawing to the ten answers")
        set_attribute(self.foot, "class", "network-foot")
        self.stage.innerHTML, self.foot.innerHTML = STAGE, FOOT
        root.appendChild(self.stage)
        root.appendChild(self.foot)
        self.words, self.announcement = self.foot.querySelector(".network-words"), self.foot.querySelector(".unseen")
        self.painter = NetworkPainter(self.stage.querySelector("canvas"))
        self.parts = NetworkParts(self.stage.querySelector(".network-parts"), self.painter, self._choose)
        self.layout: Layout | None = None
        self.columns: list[Column] = []
        self.visible = False  # whether it is on the screen
        self._model = ""
        self._room = (0, 0)  # for the picture, in CSS pixels
        self._size = (0, 0)  # that the layout is for
        self._arranged: Layout | None = None  # the layout of what is on the page
        self._last = LastShown()
        self._shown: list[object] = []
        self._steps: list[Callable[[], object]] = []  # of a painting that has started
        self._announced: object = None
        self.stage.bind("pointermove", self._point)
        self.stage.bind("pointerleave", self._leave)
        self.stage.bind("click", self._point)
        self.stage.bind("focusout", self._leave)
        window.ResizeObserver.new(self._resized).observe(self.stage)

    def repaint(self) -> None:
        """Paint again: the colours have changed."""
        self.painter.repaint()
        self._shown = []

    def is_of(self, model: str) -> bool:
        """Return whether the columns are those of a network."""
        return self._model == model

    def _resized(self, _entries: object, _observer: object) -> None:
        self._room = (self.stage.clientWidth, self.stage.clientHeight)
        if self._size != self._room:
            self.page.request_render()

    # Rendering

    def render(self, state: State) -> bool:
        """Show the network as it was drawn last. Return whether there is more to show.

        While it trains, which changes all of it many times a second, a frame gets one step of the painting. The
        first picture of a size or theme is painted in one go: frames may be slow, and an empty card says nothing.
        """
        if self._last.differs(state.diagram.stepping):
            set_flag(self.stage, "hidden", state.diagram.stepping)
            set_flag(self.foot, "hidden", state.diagram.stepping)
        if state.diagram.stepping or not self.visible or not state.layers():
            return False
        if (self._room != self._size or state.model != self._model) and self._room[0] and self._room[1]:
            self._lay_out(state, self._room)
            return True
        if not self._steps:
            self._start(state)
        while self._steps:
            self._steps.pop(0)()
            if state.training and self._steps and not self.painter.outdated:
                return True
        return False

    def _start(self, state: State) -> None:
        """Start to paint if there is something new. Until it fits the layout, what was there before stays."""
        layout, diagram = self.layout, state.diagram
        shown: list[object] = [
            diagram.network, diagram.choice, state.picture, state.probabilities, state.blank, layout,
        ]  # fmt: skip
        if layout is None or (self._shown and all(a is b for a, b in zip(shown, self._shown, strict=True))):
            return
        self._shown = shown
        network = diagram.network
        if network is not None and [len(units) for units in network.units] != layout.sizes():
            return  # of another size: the next one fits
        if layout is not self._arranged:
            self._arrange(layout)
        self._steps = self.painter.steps(state, layout, min(FINEST, window.devicePixelRatio))
        self._steps += [lambda: self.parts.name_units(state), lambda: self._explain(state)]

    def _lay_out(self, state: State, size: tuple[int, int]) -> None:
        """Find places for the columns of a network."""
        self._size, self._model, self._shown = size, state.model, []
        self._steps = []
        self.columns = columns_for(state.layers())
        self.layout = Layout(self.columns, *size, HEAD_EM * type_size())
        self.page.request_render()  # `NetworkDiagram` requests what fits

    def _arrange(self, layout: Layout) -> None:
        """Make room for the columns."""
        self._arranged = layout
        self.painter.resize(*self._size, min(FINEST, window.devicePixelRatio))
        if not self.painter.colours:
            self.painter.repaint()
        wide = self._size[0] >= WIDE + 120 * (len(self.columns) - 3)
        self.parts.arrange(self.columns, layout, wide)

    def _explain(self, state: State) -> None:
        text = self._sentence(state)
        set_text(self.words, text)
        choice = state.diagram.choice
        if choice is not self._announced:  # while the network learns the numbers change: that is not announced
            self._announced = choice
            if choice is not None:
                set_text(self.announcement, text)

    def _sentence(self, state: State) -> str:
        network, choice, best = self.painter.network, state.diagram.choice, state.label_of()
        if choice is None or network is None:
            return sentences.overview(self.columns, network, best[0] if best else None)
        column = self.columns[choice.column]
        hidden = choice.kind == "link" and choice.column > 1 and network.place_of(column.stage - 1, choice.source) < 0
        if hidden or network.place_of(column.stage, choice.unit) < 0:
            return sentences.overview(self.columns, network, best[0] if best else None)
        if choice.kind == "link":
            return sentences.link(self.columns, network, choice)
        if column.kind == "answers":
            probability = state.probabilities[choice.unit] if best else None
            return sentences.answer(choice.unit, probability, network, self.columns[choice.column - 1])
        return sentences.unit(column, network, choice.unit)

    # Pointer and keyboard

    def _choose(self, choice: Choice | None) -> None:
        before = self.page.state.diagram.choice
        if (choice.key() if choice else None) != (before.key() if before else None):
            self.page.dispatch("part_chosen", choice=choice)
            self.request()

    def _point(self, event: Event) -> None:
        """Choose what is under the pointer: a unit, or else the nearest connection."""
        choice = self.parts.unit_choice(event.target)
        if choice is None:
            box = self.stage.getBoundingClientRect()
            found = nearest(self.painter.curves, (event.clientX - box.left, event.clientY - box.top))
            choice = self.parts.link_choice(found) if found is not None else None
        self._choose(choice)

    def _leave(self, _event: Event) -> None:
        focused = document.activeElement
        if focused is None or not self.stage.contains(focused) or _event.type == "focusout":
            self._choose(None)
