"""The API's prediction beside the tab's: the same picture, with the shared weights, and how long it takes.

The API is asked while one draws, once the pen rests, and with one request at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window

from scrawl.client import fetching
from scrawl.share import version_descriptions
from scrawl.share.share_state import unshared_reason
from scrawl.state import formatting
from scrawl.state.app_state import Notice
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text, show_notice

if TYPE_CHECKING:
    from browser import Event
    from browser.arrays import Uint8Array

    from scrawl.app.app import App
    from scrawl.share.share_state import ApiPrediction
    from scrawl.state.app_state import State

WAITING = 800  # milliseconds without an answer until the page says that it waits
REST = 350  # milliseconds without a change until the API is asked
HTML = """\
<label class="check">
  <input type="checkbox" id="api-asking" title="Sends the 28 by 28 picture to the API while you draw.">
  Ask the API, too
</label>
<p id="api-reading" class="api-reading" hidden>
  <output class="api-digit" id="api-prediction" for="pad"></output>
  <span><span id="api-share"></span> <span class="hint" id="api-details"></span></span>
</p>
<p id="api-trouble" class="message" role="status" hidden></p>
"""


class ApiComparison:
    """Owns #api-answer."""

    def __init__(self, app: App) -> None:
        self.page, self.connection, self.sharing_api = app.page, app.connection, app.sharing_api
        self.state = app.page.state
        by_id("api-answer").innerHTML = HTML
        names = ("api-asking", "api-reading", "api-prediction", "api-share", "api-details", "api-trouble")
        self.box, self.line, self.digit, self.share, self.details, self.message = [by_id(name) for name in names]
        self.box.bind("change", self._switch)
        self._requested: tuple[object, ...] = ()  # network, drawing and weights of the last request
        self._waiting = False  # for an answer
        self._timer = 0
        self.connection.on_connected(self._request_again)
        self.page.on_change(self._schedule)

    def render(self, state: State) -> None:
        """Show the API's prediction."""
        share = state.share
        if self.box.checked != share.api_asked:
            self.box.checked = share.api_asked
        answered = share.api_asked and not state.blank and not state.is_unshared()
        prediction = share.api_prediction if answered else None
        set_flag(self.line, "hidden", prediction is None)
        reason = unshared_reason(state)
        notice = Notice(reason) if reason else share.api_notice
        show_notice(self.message, notice if share.api_asked else None)
        if prediction:
            self._show(prediction, state.label_of())

    def _show(self, prediction: ApiPrediction, own: tuple[int, float] | None) -> None:
        set_text(self.digit, str(prediction["label"]))
        agrees = own is not None and own[0] == prediction["label"]
        share = formatting.percent(max(prediction["probabilities"]), 1)
        set_text(self.share, f"The API: {share}, {'the same digit' if agrees else 'another digit than here'}.")
        set_attribute(self.line, "data-agrees", "yes" if agrees else "no")
        cold = prediction["cold"]
        start = "" if cold is None else ", cold start" if cold else ", warm"
        version = version_descriptions.short(prediction["version"])
        set_text(self.details, f"{prediction['seconds'] * 1000:.0f} ms there and back{start}, version {version}")
        set_attribute(self.details, "title", f"{prediction['model']}, version {prediction['version']}")

    def _switch(self, event: Event) -> None:
        self._requested = ()
        self.page.dispatch("api_asked", on=event.target.checked)

    def _request_again(self) -> None:
        self._requested = ()
        self.page.request_render()

    def _schedule(self, state: State) -> None:
        """Ask the API soon if there is something else to ask than before."""
        due = (state.model, state.drawing.revision, state.record.etag)
        if state.share.api_asked and due != self._requested and not state.is_unshared():
            self._requested = due
            window.clearTimeout(self._timer)
            self._timer = window.setTimeout(self._request, REST)

    def _request(self) -> None:
        if self._waiting:  # what comes after the answer requests again
            return
        if not self.state.blank and self.state.picture is not None and not self.state.is_unshared():
            self._waiting = True
            aio.run(self._compare(self.state.model, window.Uint8Array.new(self.state.picture)))

    async def _compare(self, model: str, picture: Uint8Array) -> None:
        requested = self._requested
        timer = window.setTimeout(self.page.dispatch, WAITING, "api_prediction_awaited")
        try:
            await self._predict(model, picture)
        finally:
            window.clearTimeout(timer)
            self._waiting = False
        if requested != self._requested:
            self._request()

    async def _predict(self, model: str, picture: Uint8Array) -> None:
        started = window.performance.now()
        try:
            answer = await self.sharing_api.predict(model, picture)
            seconds = (window.performance.now() - started) / 1000
            self.page.dispatch("api_predicted", prediction={**answer, "seconds": seconds})
        except fetching.ApiUnavailableError as error:
            text = f"{error}. The digit above was read in this tab."
            self.page.dispatch("api_prediction_failed", text=text)
            self.connection.mark_unavailable(str(error))
        except (fetching.RefusedError, KeyError, TypeError) as error:
            self.page.dispatch("api_prediction_failed", text=f"The API does not read this drawing: {error}.")


def start(app: App) -> None:
    """Add the API's prediction to the tab's."""
    app.page.views.append(ApiComparison(app))
