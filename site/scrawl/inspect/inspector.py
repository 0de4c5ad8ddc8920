"""Inspecting the selected network: makes the views, and requests from the worker what is on the screen.

The worker paints the panels and overlays; `confusion_requests` requests the confusion matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window
from javascript import JSON

from scrawl.inspect import panels
from scrawl.inspect.confusion_requests import ConfusionRequests
from scrawl.inspect.confusion_view import ConfusionView
from scrawl.inspect.inspect_state import TRANSITIONS, InspectionState
from scrawl.inspect.layers_view import LayersView
from scrawl.inspect.network_comparison import NetworkComparison
from scrawl.inspect.polling import Poller, when_visible
from scrawl.inspect.saliency_view import SaliencyView
from scrawl.inspect.timeline_view import TimelineView
from scrawl.state import transitions
from scrawl.ui.dom import by_id, set_attribute
from scrawl.ui.theme_colours import theme_colours

if TYPE_CHECKING:
    from typing import Any

    from browser import Element

    from scrawl.app.app import App
    from scrawl.state.app_state import State

GAP = 150  # milliseconds between two requests for panels
QUICK_GAP = 60  # and between two requests whose answers follow the pen
# Reports after which the selected network has other weights, or is another one.
CHANGES = (
    "progress",
    "weights_loaded",
    "tuned",
    "lesson_taken_back",
    "trained_on_collected",
    "trained_on_misread",
    "opened",
    "diverged",
    "checkpoint_shown",
    "restored",
)


def start(app: App) -> None:
    """Add the inspection section, and what belongs to it in the prediction card."""
    app.page.state.inspection = InspectionState()
    transitions.register(TRANSITIONS)
    Inspector(app)


class Inspector:
    """Keeps what is shown of the selected network up to date."""

    def __init__(self, app: App) -> None:
        self.page = page = app.page
        self._colours: list[str] = []
        self._send_palettes()
        self.layer_poller = Poller(page, self._request_layers, GAP)
        self.saliency_poller = Poller(page, self._request_saliency, QUICK_GAP)
        self.comparison_poller = Poller(page, self._request_predictions, QUICK_GAP)
        self.checkpoint_poller = Poller(page, self._request_checkpoint, QUICK_GAP)
        self.confusion = ConfusionRequests(page)
        timeline = TimelineView(_add_section("inside-timeline"), self.show_checkpoint, self.restore_checkpoint)
        self.layers = LayersView(page, _add_section("inside-layers"), self.layer_poller.mark_due)
        confusion_section = _add_section("inside-confusion", "mistakes")
        confusion = ConfusionView(confusion_section, self.confusion)
        saliency = SaliencyView(page, self.saliency_poller.mark_due)
        self.comparison = NetworkComparison(app, self.comparison_poller.mark_due)
        page.views += [timeline, self.layers, confusion, saliency, self.comparison]
        app.on_repaint(self._repaint)
        self._model = page.state.model
        self._probabilities: list[float] = []  # of the last prediction
        self._listen()
        when_visible(self.comparison.root, self.comparison.set_visible)
        when_visible(confusion_section, self.confusion.set_visible)

    def _listen(self) -> None:
        page = self.page
        page.on_change(self._follow)
        for kind in CHANGES:
            page.on_report(kind, self._mark_all_due)
        page.on_report("layers_inspected", self.layer_poller.take_answer)
        page.on_report("saliency_painted", self.saliency_poller.take_answer)
        page.on_report("all_predicted", self.comparison_poller.take_answer)
        page.on_report("comparison_added", self.comparison_poller.mark_due)
        page.on_report("checkpoint_shown", self._take_checkpoint)
        page.on_report("features_ready", self._follow_worker)
        page.request_render()

    def _follow(self, state: State) -> None:
        """Start again with another network, and request everything again after a prediction."""
        if state.model != self._model:
            self._model = state.model
            self.page.dispatch("inspection_cleared")
        if state.probabilities is not self._probabilities:
            self._probabilities = state.probabilities
            self._mark_all_due()

    def _mark_all_due(self, **_fields: Any) -> None:
        for poller in (self.layer_poller, self.saliency_poller, self.comparison_poller):
            poller.mark_due()

    def _follow_worker(self) -> None:
        """Give a new worker, after the first, the palettes and the compared networks: it has neither."""
        inspection = self.page.state.inspection
        if inspection.confusions or any(network.status == "ready" for network in inspection.compared.values()):
            self.page.dispatch("worker_replaced")
            self._send_palettes()
            self._mark_all_due()
            if self.comparison.visible:
                self.comparison.refresh()

    # Requests

    def _request_layers(self, state: State) -> bool:
        visible = [[panel.name, columns] for panel, columns in self.layers.visible_panels(state.model)]
        if not visible:
            return False
        chosen = state.inspection.chosen
        self.page.send(
            "inspect_layers",
            model=JSON.stringify(state.network()),
            panels=JSON.stringify(visible),
            chosen=JSON.stringify(list(chosen) if chosen else None),
        )
        return True

    def _request_saliency(self, state: State) -> bool:
        if not state.inspection.saliency_on:
            return False
        self.page.send("saliency", model=state.model, digit=state.inspection.saliency_digit)
        return True

    def _request_predictions(self, state: State) -> bool:
        if not self.comparison.visible or not state.inspection.compared:
            return False
        self.page.send("predict_with_all")
        return True

    # Checkpoints

    def show_checkpoint(self, number: int) -> None:
        """Show the network as it was at a checkpoint, or, if it is -1, as it is."""
        self.page.dispatch("checkpoint_requested", number=number)
        self.checkpoint_poller.mark_due()

    def restore_checkpoint(self, number: int) -> None:
        """Replace the network's weights by a checkpoint's."""
        self.page.send("restore", model=self.page.state.model, number=number)

    def _request_checkpoint(self, state: State) -> bool:
        if state.inspection.wanted_checkpoint is None:
            return False
        self.page.send("show_checkpoint", model=state.model, number=state.inspection.wanted_checkpoint)
        return True

    def _take_checkpoint(self, model: str, number: int) -> None:
        state = self.page.state
        self.checkpoint_poller.take_answer()
        if model == state.model and number == state.record.shown_checkpoint and not self.checkpoint_poller.due:
            self.page.dispatch("checkpoint_reached")

    # Colours

    def _repaint(self) -> None:
        """Adapt to the page's new size, or its new colours."""
        self.layers.resize()
        if self._colours != _theme_colours():
            self._send_palettes()
            self.confusion.request_digits()
        self._mark_all_due()

    def _send_palettes(self) -> None:
        self._colours = _theme_colours()
        negative, paper, positive, ink = [panels.parse_colour(colour) for colour in self._colours]
        self.page.send(
            "palette",
            colours=window.Uint8Array.new(panels.diverging_palette(negative, paper, positive)),
            overlay=window.Uint8Array.new(panels.fading_palette(negative, positive)),
            ink=window.Uint8Array.new(panels.fading_palette(ink, ink)),
        )


def _theme_colours() -> list[str]:
    """Return the theme's colours that panels are painted with."""
    return [*theme_colours(("negative", "paper", "positive", "ink")).values()]


def _add_section(name: str, place: str = "inside") -> Element:
    """Add an element to a section of the page."""
    element = document.createElement("div")
    set_attribute(element, "id", name)
    by_id(place).appendChild(element)
    return element
