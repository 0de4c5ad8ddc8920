"""All networks side by side on the same drawing. The others are fetched once this section is on the screen.

They come with the shared weights at a quarter of their size (8-bit weights: 430 KB for the largest) and only predict:
the worker reserves no memory for training them until one is chosen. Where the visitor has asked to save data, they
come when a button is pressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.inspect import descriptions
from scrawl.state import formatting
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Element, Event

    from scrawl.app.app import App
    from scrawl.net.interfaces import NetworkDescription
    from scrawl.state.app_state import State

LIST = """<h3>All networks on the same drawing</h3>
<p class="help" id="readers-help">The others read it, too, with the weights that everyone shares. Choose one to train
it and look inside.</p><ul aria-describedby="readers-help"></ul>
<button type="button" id="readers-load" hidden>Let the others read, too</button>"""
ROW = """<button type="button" data-model="{}"><span class="name">{}</span><b class="reads"></b>
<span class="track"><i></i></span><span class="share"></span></button>"""


class _Row:
    """One network's line: a button with its prediction and a bar."""

    def __init__(self, network: NetworkDescription, choose: Callable[[Event], object]) -> None:
        self.model = network["model"]
        self.name = formatting.short_name(self.model)
        self.item = document.createElement("li")
        self.item.innerHTML = ROW.format(self.model, self.name)
        self.button = self.item.querySelector("button")
        set_attribute(self.button, "title", network["title"])
        self.button.bind("click", choose)
        self.prediction, self.bar, self.share = [self.item.querySelector(part) for part in (".reads", "i", ".share")]

    def show(self, state: State) -> None:
        """Show the network's prediction, or why there is none."""
        selected = self.model == state.model
        set_attribute(self.button, "aria-pressed", "true" if selected else "false")
        shares = state.probabilities if selected else state.inspection.predictions.get(self.model, [])
        if state.blank or not shares:
            set_text(self.prediction, "–")
            set_text(self.share, "" if selected else _status(state, self.model))
            self.bar.style.transform = "scaleX(0)"
            set_attribute(self.button, "aria-label", self.name)
            return
        best = max(range(10), key=shares.__getitem__)
        set_text(self.prediction, str(best))
        set_text(self.share, f"{shares[best]:.0%}")
        self.bar.style.transform = f"scaleX({shares[best]:.3f})"
        set_attribute(self.button, "aria-label", f"{self.name} {descriptions.prediction(best, shares[best])}")


class NetworkComparison:
    """Fetches the networks to compare, and owns #readers. `request` requests their predictions."""

    def __init__(self, app: App, request: Callable[[], object]) -> None:
        self.page, self.api = app.page, app.api
        self.request = request
        self.visible = False
        self.root = by_id("readers")
        self.root.innerHTML = LIST
        self.load = by_id("readers-load")
        self.load.bind("click", lambda _event: self._load_all())
        self._list = self.root.querySelector("ul")
        self._rows: list[_Row] = []
        connection = getattr(window.navigator, "connection", None)
        self._saves_data = bool(connection and connection.saveData)
        self._shown: list[object] = []
        self._follow(self.page.state)

    def set_visible(self, _element: Element, on: bool) -> None:
        """Fetch the networks once the section is on the screen."""
        self.visible = on
        if on:
            self.refresh()

    def refresh(self) -> None:
        """Fetch the networks that are missing, unless the visitor saves data, and request all predictions."""
        if not self._saves_data:
            self._load_all()
        self.request()

    def render(self, state: State) -> None:
        """Show each network's prediction."""
        self._follow(state)
        inspection = state.inspection
        shown = [state.model, state.probabilities, state.blank, inspection.predictions, inspection.compared]
        if self._shown and all(now is before for now, before in zip(shown, self._shown, strict=True)):
            return
        self._shown = shown
        for row in self._rows:
            row.show(state)
        compared = inspection.compared
        missing = [
            model for model in self._unopened(state) if model not in compared or compared[model].status != "ready"
        ]
        failed = any(network.status == "failed" for network in compared.values())
        set_flag(self.load, "hidden", not missing or not (self._saves_data or failed))

    def _follow(self, state: State) -> None:
        """Have a line for each network that can be chosen: they become more when somebody makes one."""
        names = [network["model"] for network in state.models]
        if names == [row.model for row in self._rows]:
            return
        for row in self._rows:
            row.item.remove()
        self._rows = [_Row(network, _choose) for network in state.models]
        for row in self._rows:
            self._list.appendChild(row.item)
        self._shown = []

    def _unopened(self, state: State) -> list[str]:
        """Return the networks that have never been opened here, and come with weights."""
        return [
            row.model
            for row in self._rows
            if row.model in state.ready_models and not state.record_of(row.model).opened
        ]

    def _load_all(self) -> None:
        state = self.page.state
        compared = state.inspection.compared
        wanted = [
            model for model in self._unopened(state) if model not in compared or compared[model].status == "failed"
        ]
        for model in wanted:
            self.page.dispatch("comparison_requested", model=model)
        if wanted:
            aio.run(self._load(wanted))

    async def _load(self, models: list[str]) -> None:
        """Fetch one after the other, so that the drawing's own predictions do not wait for all of them."""
        waiting = list(models)
        try:
            while waiting:
                await self._load_one(waiting[0])
                waiting.pop(0)
        finally:
            for model in waiting:
                self.page.dispatch("comparison_failed", model=model, message="not there")

    async def _load_one(self, model: str) -> None:
        description = next(known for known in self.page.state.models if known["model"] == model)
        try:
            buffer, _etag = await self.api.weights(model, small=True)
        except (fetching.ApiUnavailableError, fetching.RefusedError):
            self.page.dispatch("comparison_failed", model=model, message="not there")
            return
        self.page.send("compare_network", model=JSON.stringify(description), buffer=buffer)


def _status(state: State, model: str) -> str:
    network = state.inspection.compared.get(model)
    if network is None or network.status == "ready":
        return ""
    return "coming…" if network.status == "loading" else network.problem


def _choose(event: Event) -> None:
    select = by_id("model")
    select.value = event.currentTarget.getAttribute("data-model")
    select.dispatchEvent(window.Event.new("change"))
