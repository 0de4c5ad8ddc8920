"""All networks side by side on the same drawing. The others come, with the shared weights, once this is on screen.

They come in a quarter of their size (8-bit weights: 430 KB for the largest), and only to read: the worker keeps no
room for training them until one is chosen. Where the visitor has asked to save data, a button brings them.
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
    from scrawl.app.app import App

LIST = """<h3>The three networks on the same drawing</h3>
<p class="help" id="readers-help">Others read along with the weights that everyone shares. Choose one to train it and
look inside.</p><ul aria-describedby="readers-help"></ul>
<button type="button" id="readers-load" hidden>Let the others read, too</button>"""
ROW = """<button type="button" data-model="{}"><span class="name">{}</span><b class="reads"></b>
<span class="track"><i></i></span><span class="share"></span></button>"""


class Readers:
    """Fetches what reads along, and owns #readers. `touch` is called when there is someone new to ask."""

    def __init__(self, app: App, touch: object) -> None:
        self.page, self.api = app.page, app.api
        self.touch = touch
        self.root = by_id("readers")
        self.root.innerHTML = LIST
        self.list = self.root.querySelector("ul")
        self.load = by_id("readers-load")
        self.load.bind("click", lambda _event: self._fetch_all())
        self.visible = False
        self.rows: dict = {}  # model → its elements
        self._shown: list = []
        saver = getattr(window.navigator, "connection", None)
        self._saving = bool(saver and saver.saveData)

    def seen(self, _element: object, on: bool) -> None:
        """Take note of whether it is on the screen."""
        self.visible = on
        if on:
            if not self._saving:
                self._fetch_all()
            self.touch()

    def render(self, state: object) -> None:
        """Show what each of them reads."""
        if not self.rows and state.models:
            self._add_rows(state.models)
            self.seen(self.root, self.visible)
        shown = [state.model, state.probabilities, state.blank, state.inside.readings, state.inside.along]
        if self._shown and all(now is before for now, before in zip(shown, self._shown, strict=True)):
            return
        self._shown = shown
        for model, row in self.rows.items():
            self._show(state, model, *row)
        missing = [model for model in self._others(state) if state.inside.along.get(model) != "there"]
        set_flag(self.load, "hidden", not missing or (not self._saving and not self._failed(state)))

    def _failed(self, state: object) -> bool:
        return any(stage not in ("loading", "there") for stage in state.inside.along.values())

    def _add_rows(self, models: list) -> None:
        for model in models:
            item = document.createElement("li")
            item.innerHTML = ROW.format(model["model"], formatting.short_name(model["model"]))
            self.list.appendChild(item)
            button = item.querySelector("button")
            set_attribute(button, "title", model["title"])
            button.bind("click", self._chosen)
            parts = [item.querySelector(part) for part in (".reads", "i", ".share")]
            self.rows[model["model"]] = (button, *parts)

    def _show(self, state: object, model: str, button: object, reads: object, bar: object, share: object) -> None:
        selected = model == state.model
        set_attribute(button, "aria-pressed", "true" if selected else "false")
        shares = state.probabilities if selected else state.inside.readings.get(model, [])
        if state.blank or not shares:
            stage = state.inside.along.get(model, "")
            set_text(reads, "–")
            set_text(share, "" if stage in ("", "there") or selected else "coming…" if stage == "loading" else stage)
            bar.style.transform = "scaleX(0)"
            set_attribute(button, "aria-label", formatting.short_name(model))
            return
        best = max(range(10), key=shares.__getitem__)
        set_text(reads, str(best))
        set_text(share, f"{shares[best]:.0%}")
        bar.style.transform = f"scaleX({shares[best]:.3f})"
        set_attribute(
            button, "aria-label", f"{formatting.short_name(model)} {descriptions.reader(best, shares[best])}"
        )

    def _others(self, state: object) -> list:
        """Return the networks that have never been opened here."""
        return [model for model in self.rows if not state.record_of(model).opened]

    def _chosen(self, event: object) -> None:
        select = by_id("model")
        select.value = event.currentTarget.getAttribute("data-model")
        select.dispatchEvent(window.Event.new("change"))

    def _fetch_all(self) -> None:
        along = self.page.state.inside.along
        wanted = [model for model in self._others(self.page.state) if along.get(model) not in ("loading", "there")]
        if wanted:
            for model in wanted:
                self.page.dispatch("along", model=model, stage="loading")
            aio.run(self._fetch(wanted))

    async def _fetch(self, wanted: list) -> None:
        """Fetch one after the other, so that the drawing's own answers do not wait for all of them."""
        for model in wanted:
            described = next(known for known in self.page.state.models if known["model"] == model)
            try:
                buffer, _ = await self.api.weights(model, small=True)
                self.page.send("compare_network", model=JSON.stringify(described), buffer=buffer)
            except (fetching.AwayError, fetching.RefusedError):
                self.page.dispatch("along", model=model, stage="not there")
