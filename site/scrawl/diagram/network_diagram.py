"""The feature: fills #network, and requests from the worker what it shows, while it is on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

from scrawl.diagram.convolution_view import ConvolutionView
from scrawl.diagram.diagram_state import TRANSITIONS, DiagramState
from scrawl.diagram.network_view import NetworkView
from scrawl.inspect.inspector import CHANGES
from scrawl.inspect.polling import Poller, when_visible
from scrawl.state import transitions
from scrawl.ui.dom import by_id, set_attribute

if TYPE_CHECKING:
    from browser import Element

    from scrawl.app.app import App
    from scrawl.state.app_state import State

GAP = 150  # milliseconds between two requests
WHILE_TRAINING = 250  # the same while it trains: each request takes a part of the time to read and to train
WHILE_LOADING = 400  # the same while digits come, for which training waits
WIDE = 520  # pixels from which the sentence needs two lines only, and buttons stand beside the heading


def start(app: App) -> None:
    """Show the network as a picture."""
    app.page.state.diagram = DiagramState()
    transitions.register(TRANSITIONS)
    NetworkDiagram(app)


class NetworkDiagram:
    """Keeps the picture of the selected network up to date."""

    def __init__(self, app: App) -> None:
        self.page = page = app.page
        root = by_id("network")
        self.poller = Poller(page, self._request, GAP)
        self.view = NetworkView(page, root, self.poller.mark_due)
        self.convolution = ConvolutionView(page, root)
        page.views += [self.view, self.convolution]
        self._model = page.state.model
        self._probabilities: list[float] = []  # of the last prediction
        self._root = root
        self._layout = self.view.layout
        page.on_change(self._follow)
        for kind in CHANGES:
            page.on_report(kind, self.poller.mark_due)
        page.on_report("network_drawn", self.poller.take_answer)
        page.on_report("features_ready", self.poller.mark_due)
        app.on_repaint(self._repaint)
        when_visible(root, self._set_visible)
        window.ResizeObserver.new(self._resized).observe(root)

    def _follow(self, state: State) -> None:
        """Start again with another network, and request everything again after a prediction."""
        self.poller.gap = GAP
        if state.training:
            self.poller.gap = WHILE_LOADING if state.worker_requests else WHILE_TRAINING
        if state.model != self._model:
            self._model = state.model
            self.page.dispatch("diagram_cleared")
            self.poller.mark_due()
        if state.probabilities is not self._probabilities or self.view.layout is not self._layout:
            self._probabilities, self._layout = state.probabilities, self.view.layout
            self.poller.mark_due()

    def _request(self, state: State) -> bool:
        layout, choice = self.view.layout, state.diagram.choice
        if not self.view.visible or layout is None or not self.view.is_of(state.model):
            return False
        chosen = [choice.column - 1, choice.unit] if choice and choice.kind == "unit" else None
        self.page.send(
            "draw_network",
            model=JSON.stringify(state.network()),
            sizes=JSON.stringify(layout.sizes()),
            chosen=JSON.stringify(chosen),
        )
        return True

    def _repaint(self) -> None:
        """Adapt to the page's new size, or its new colours."""
        self.view.repaint()
        self.convolution.repaint()
        self.poller.mark_due()

    def _resized(self, _entries: object, _observer: object) -> None:
        set_attribute(self._root, "data-wide", "yes" if self._root.clientWidth >= WIDE else "no")

    def _set_visible(self, _element: Element, on: bool) -> None:
        self.view.visible = on
        if on:
            self.poller.mark_due()
