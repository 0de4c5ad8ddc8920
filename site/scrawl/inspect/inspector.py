"""The page's half of looking inside: makes its views, and has the worker asked for what is on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window
from javascript import JSON

from scrawl.inspect import color_scale
from scrawl.inspect.confusion_view import ConfusionView
from scrawl.inspect.inspect_state import TRANSITIONS, Inside
from scrawl.inspect.layers_view import LayersView
from scrawl.inspect.network_comparison import Readers
from scrawl.inspect.polling import Asker, when_visible
from scrawl.inspect.saliency_view import SaliencyView
from scrawl.inspect.timeline_view import TimelineView
from scrawl.state import transitions
from scrawl.ui.dom import by_id, set_attribute

if TYPE_CHECKING:
    from scrawl.app.app import App

GAP = 150  # milliseconds between two looks, while the network learns
LIVE = 60  # and between two answers that follow the pen
BETWEEN_COUNTS = 1000  # and between two counts of what is misread
# What changes the weights of the selected network, or which they are.
CHANGES = (
    "progress",
    "weights_loaded",
    "tuned",
    "trained_on_misread",
    "opened",
    "diverged",
    "checkpoint_shown",
    "restored",
)


def start(app: App) -> None:
    """Add the section and what belongs to it in the reading."""
    app.page.state.inside = Inside()
    transitions.register(TRANSITIONS)
    Lookout(app)


class Lookout:
    """Asks whenever what is shown may have changed."""

    def __init__(self, app: App) -> None:
        self.page = page = app.page
        self._send_palette()
        self.look = Asker(page, self._look, GAP)
        self.saliency = Asker(page, self._ask_saliency, LIVE)
        self.reading = Asker(page, self._ask_readers, LIVE)
        self.scrubbing = Asker(page, self._ask_scrub, LIVE)
        self.timeline = TimelineView(_place("inside-timeline"), self.show_checkpoint, self.restore)
        self.layers = LayersView(page, _place("inside-layers"), self.look.touch)
        self.confusion_place = _place("inside-confusion")
        self.confusion = ConfusionView(page, self.confusion_place, self.count, self.open_cell, self.learn)
        self.salient = SaliencyView(page, self.saliency.touch)
        self.readers = Readers(app, self.reading.touch)
        page.views += [self.timeline, self.layers, self.confusion, self.salient, self.readers]
        page.views += [self, self.scrubbing, self.look, self.saliency, self.reading]
        app.on_repaint(self._resized)
        self._reading: object = None  # the probabilities that have been shown last
        self._confusion_visible = False
        self._count_asked = 0.0
        when_visible(self.readers.root, self.readers.seen)
        when_visible(self.confusion_place, self._confusion_seen)
        self._listen()
        page.request_render()

    def _listen(self) -> None:
        page = self.page
        for kind in CHANGES:
            page.on_report(kind, self._changed)
        for kind, asker in (
            ("layers_inspected", self.look),
            ("saliency_painted", self.saliency),
            ("all_predicted", self.reading),
        ):
            page.on_report(kind, asker.answered)
        for kind in ("weights_loaded", "restored", "tuned", "diverged"):
            page.on_report(kind, self._weights_replaced)
        page.on_report("checkpoint_shown", self._scrubbed)
        page.on_report("evaluated", self._evaluated)
        page.on_report("confusion_counted", self._counted)
        page.on_report("trained_on_misread", self._learned)
        page.on_report("comparison_added", self.reading.touch)
        page.on_report("features_ready", self._worker_begun)

    def render(self, state: object) -> None:
        """Ask anew when the drawing, or what it is read as, has changed."""
        if self._reading is not state.probabilities:
            self._reading = state.probabilities
            self._changed()

    def _changed(self, **_fields: object) -> None:
        for asker in (self.look, self.saliency, self.reading):
            asker.touch()

    def _worker_begun(self) -> None:
        """Begin anew if this is another worker than the first: it has neither colours nor counts nor readers."""
        inside = self.page.state.inside
        if inside.confusions or "there" in inside.along.values():
            self.page.dispatch("worker_anew")
            self._send_palette()
            self._changed()
            self.readers.seen(self.readers.root, self.readers.visible)

    # Questions

    def _model(self) -> str:
        state = self.page.state
        return JSON.stringify(next(model for model in state.models if model["model"] == state.model))

    def _look(self) -> bool | None:
        inside = self.page.state.inside
        panels = [[panel.name, columns] for panel, columns in self.layers.wanted()]
        if not panels:
            return False
        chosen = JSON.stringify(list(inside.chosen) if inside.chosen else None)
        self.page.send("inspect_layers", model=self._model(), panels=JSON.stringify(panels), chosen=chosen)
        return None

    def _ask_saliency(self) -> bool | None:
        inside = self.page.state.inside
        if not inside.saliency_on:
            return False
        self.page.send("saliency", model=self.page.state.model, digit=inside.saliency_digit)
        return None

    def _ask_readers(self) -> bool | None:
        if not self.readers.visible or not self.page.state.inside.along:
            return False
        self.page.send("predict_with_all")
        return None

    # Going back in the run

    def show_checkpoint(self, number: int) -> None:
        """Look at a checkpoint, or, if it is -1, at the network as it is."""
        self.page.dispatch("scrub_wanted", number=number)
        self.scrubbing.touch()

    def restore(self, number: int) -> None:
        """Take a checkpoint's weights for the network's own."""
        self.page.send("restore", model=self.page.state.model, number=number)

    def _ask_scrub(self) -> bool | None:
        state = self.page.state
        if state.inside.scrub_to is None:
            return False
        self.page.send("show_checkpoint", model=state.model, number=state.inside.scrub_to)
        return None

    def _scrubbed(self, model: str, number: int) -> None:
        state = self.page.state
        self.scrubbing.answered()
        if model == state.model and number == state.record.shown_checkpoint and not self.scrubbing.is_wanted():
            self.page.dispatch("scrub_done")
        self._count_again()

    # What is misread

    def count(self) -> None:
        """Have the test digits read."""
        self._count_asked = window.performance.now()
        self.page.dispatch("counting")
        self.page.send("count_confusion", model=self._model(), iteration=_iteration_shown(self.page.state.record))

    def open_cell(self, label: int, reading: int) -> None:
        """Show the digits behind a cell."""
        self.page.dispatch("cell_opened", label=label, reading=reading)
        self._ask_misread()

    def learn(self) -> None:
        """Train on the digits of the open cell."""
        label, reading = self.page.state.inside.cell
        self.page.dispatch("learn_wanted")
        self.page.send("train_on_misread", model=self.page.state.model, label=label, reading=reading)

    def _ask_misread(self) -> None:
        state = self.page.state
        if state.inside.cell and state.model in state.inside.confusions:
            label, reading = state.inside.cell
            self.page.send("find_misread", model=state.model, label=label, reading=reading)

    def _confusion_seen(self, _element: object, on: bool) -> None:
        self._confusion_visible = on
        self._count_again()

    def _count_again(self) -> None:
        """Count anew if what is on the screen was counted at another moment of the run."""
        state = self.page.state
        counted = state.inside.confusions.get(state.model)
        stale = counted is not None and counted.iteration != _iteration_shown(state.record)
        if self._confusion_visible and stale and not (state.training and state.record.shown_checkpoint < 0):
            self.count()

    def _weights_replaced(self, model: str, **_fields: object) -> None:
        """Forget what was counted of other weights."""
        self.page.dispatch("counts_stale", model=model)

    def _evaluated(self, **_fields: object) -> None:
        """Count anew with each measurement while one looks; the digits are there now."""
        due = window.performance.now() - self._count_asked > BETWEEN_COUNTS or not self.page.state.training
        idle = not self.page.state.inside.counting and self.page.state.record.shown_checkpoint < 0
        if self._confusion_visible and due and idle:
            self.count()

    def _learned(self, **_fields: object) -> None:
        self.count()

    def _counted(self, **_fields: object) -> None:
        self._ask_misread()

    # Colours

    def _resized(self) -> None:
        """Take the page's new size, or its new colours."""
        self.layers.resize()
        if self._tokens != _tokens():
            self._send_palette()
            self._ask_misread()
        self._changed()

    def _send_palette(self) -> None:
        self._tokens = _tokens()
        negative, paper, positive, ink = [color_scale.parse(token) for token in self._tokens]
        self.page.send(
            "palette",
            colours=window.Uint8Array.new(color_scale.diverging(negative, paper, positive)),
            overlay=window.Uint8Array.new(color_scale.fading(negative, positive)),
            ink=window.Uint8Array.new(color_scale.fading(ink, ink)),
        )


def _tokens() -> list:
    """Return the theme's colours that things here are painted with."""
    style = window.getComputedStyle(document.documentElement)
    return [str(style.getPropertyValue(name)) for name in ("--negative", "--paper", "--positive", "--ink")]


def _iteration_shown(record: object) -> int:
    """Return the iteration that reading and views are of."""
    return next((one[1] for one in record.checkpoints if one[0] == record.shown_checkpoint), record.iteration)


def _place(name: str) -> object:
    """Add a place to the section."""
    element = document.createElement("div")
    set_attribute(element, "id", name)
    by_id("inside").appendChild(element)
    return element
