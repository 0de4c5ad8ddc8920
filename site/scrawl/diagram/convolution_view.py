"""One convolution step by step: a window of 3×3 slides over the drawing, and its values fill a map.

It takes the place of the network's picture while it is switched on. Playing respects those who want no motion: they
step by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.diagram import sentences
from scrawl.diagram.convolution_painter import ConvolutionPainter
from scrawl.diagram.convolution_steps import SIDE, WINDOWS, moved, next_window, pixels_under, value_of
from scrawl.ui.canvas import set_size
from scrawl.ui.dom import set_attribute, set_flag, set_text

if TYPE_CHECKING:
    from browser import Element, Event

    from scrawl.app.page import Page
    from scrawl.state.app_state import State

PACE = 90  # milliseconds between two steps
FINEST = 2.0
MARKUP = """<div class="network-stage convolution" hidden>
<canvas tabindex="0" role="application" aria-describedby="convolution-words"
 aria-label="The window on the drawing: move it with the arrow keys"></canvas></div>
<p id="convolution-words" class="network-words" hidden></p>
<div class="row network-tools" role="group" aria-label="Convolution" hidden>
<button type="button" id="convolution" aria-pressed="false"
 title="Watch one convolution: a filter slides over your drawing.">Step by step</button>
<span class="convolution-tools" hidden>
<button type="button" id="convolution-play" aria-pressed="false">Play</button>
<button type="button" id="convolution-step">Step</button>
<button type="button" id="convolution-filter" title="Show another filter.">Next filter</button></span></div>"""


class ConvolutionView:
    """Owns the stepping in #network, and the button that switches it on."""

    def __init__(self, page: Page, root: Element) -> None:
        self.page = page
        place = document.createElement("div")
        set_attribute(place, "class", "convolution-place")
        place.innerHTML = MARKUP
        root.appendChild(place)
        self.place, self.stage = place, place.querySelector(".network-stage")
        self.words, self.tools = place.querySelector(".network-words"), place.querySelector(".network-tools")
        self.controls = place.querySelector(".convolution-tools")
        buttons = [place.querySelector(f"#{name}") for name in ("convolution", "convolution-play")]
        self.toggle, self.play = buttons
        self.canvas = self.stage.querySelector("canvas")
        self.painter = ConvolutionPainter(self.canvas)
        self._size = (0, 0)
        self._timer = 0
        self._shown: list[object] = []
        self.toggle.bind("click", self._toggle)
        self.play.bind("click", self._play)
        place.querySelector("#convolution-step").bind("click", self._step)
        place.querySelector("#convolution-filter").bind("click", self._next_filter)
        self.canvas.bind("pointermove", self._point)
        self.canvas.bind("pointerdown", self._point)
        self.canvas.bind("keydown", self._press)
        self._still = window.matchMedia("(prefers-reduced-motion: reduce)")
        self._still.addEventListener("change", lambda _event: page.request_render())
        window.ResizeObserver.new(lambda _entries, _observer: page.request_render()).observe(self.stage)
        page.on_change(self._follow)

    def repaint(self) -> None:
        """Paint again: the colours have changed."""
        self.painter.repaint()
        self._shown = []

    def render(self, state: State) -> None:
        """Show the window where it is."""
        diagram = state.diagram
        layers = state.layers()
        set_flag(self.tools, "hidden", not layers or layers[0]["kind"] != "conv3x3")
        for part in (self.stage, self.words, self.controls):
            set_flag(part, "hidden", not diagram.stepping)
        set_attribute(self.place, "data-on", "yes" if diagram.stepping else "no")
        set_attribute(self.toggle, "aria-pressed", "true" if diagram.stepping else "false")
        set_flag(self.play, "hidden", self._still.matches)
        set_attribute(self.play, "aria-pressed", "true" if diagram.playing else "false")
        set_text(self.play, "Pause" if diagram.playing else "Play")
        if diagram.stepping and diagram.network is not None and diagram.network.filters:
            self._paint(state)

    def _paint(self, state: State) -> None:
        size = (self.stage.clientWidth, self.stage.clientHeight)
        network, diagram = state.diagram.network, state.diagram
        shown: list[object] = [state.picture, state.blank, network, diagram.window, diagram.filter, size]
        if network is None or not size[0] or (self._shown and shown == self._shown):
            return
        scale = min(FINEST, window.devicePixelRatio)
        if size != self._size:
            self._size = size
            set_size(self.canvas, round(size[0] * scale), round(size[1] * scale))
        self._shown = shown
        place = diagram.filter % len(network.filters)
        picture, weights = None if state.blank else state.picture, network.filters[place]
        self.painter.paint(picture, weights, diagram.window, size, scale)
        value = value_of(pixels_under(picture, diagram.window), weights)
        number, activation = network.unit_at(0, place) + 1, state.layers()[1]["kind"]
        set_text(self.words, sentences.step(diagram.window, number, value, activation))

    # Motion

    def _follow(self, state: State) -> None:
        if state.diagram.playing and not self._still.matches and not self._timer:
            self._timer = window.setTimeout(self._play_on, PACE)

    def _play_on(self) -> None:
        self._timer = 0
        if self.page.state.diagram.playing:
            self._step()

    def _step(self, _event: Event | None = None) -> None:
        state = self.page.state
        picture = None if state.blank else state.picture
        self.page.dispatch("window_moved", window=next_window(picture, state.diagram.window))

    def _play(self, _event: Event) -> None:
        self.page.dispatch("convolution_played", on=not self.page.state.diagram.playing)

    def _toggle(self, _event: Event) -> None:
        self.page.dispatch("convolution_toggled", on=not self.page.state.diagram.stepping)

    def _next_filter(self, _event: Event) -> None:
        network = self.page.state.diagram.network
        count = len(network.filters) if network else 1
        self.page.dispatch("filter_chosen", place=(self.page.state.diagram.filter + 1) % max(count, 1))

    def _press(self, event: Event) -> None:
        target = moved(self.page.state.diagram.window, event.key)
        if target is not None:
            event.preventDefault()
            self._stop_at(target)

    def _point(self, event: Event) -> None:
        """Put the window where the pointer is, in the drawing or in the map."""
        box = self.canvas.getBoundingClientRect()
        for x, y, size in self.painter.pictures:
            column, row = (event.clientX - box.left - x) * SIDE // size, (event.clientY - box.top - y) * SIDE // size
            if 0 <= column < SIDE and 0 <= row < SIDE:
                self._stop_at(int(row * SIDE + column))

    def _stop_at(self, target: int) -> None:
        if self.page.state.diagram.playing:
            self.page.dispatch("convolution_played", on=False)
        if 0 <= target < WINDOWS and target != self.page.state.diagram.window:
            self.page.dispatch("window_moved", window=target)
