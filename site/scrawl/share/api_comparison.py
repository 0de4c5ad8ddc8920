"""The API's answer beside the tab's: the same picture, the shared weights, and how long the way there and back takes.

Asked while one draws, once the pen rests, and one question at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window

from scrawl.client import fetching
from scrawl.share import version_descriptions
from scrawl.state import formatting
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text

if TYPE_CHECKING:
    from scrawl.app.app import App

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


class Comparing:
    """Owns #api-answer."""

    def __init__(self, app: App) -> None:
        self.page, self.connection, self.routes = app.page, app.connection, app.sharing_api
        self.state = app.page.state
        by_id("api-answer").innerHTML = HTML
        names = ("api-asking", "api-reading", "api-prediction", "api-share", "api-details", "api-trouble")
        self.box, self.line, self.digit, self.share, self.details, self.trouble = [by_id(name) for name in names]
        self.box.bind("change", self._switched)
        self._asked: tuple = ()  # what the API was asked last
        self._waiting = False  # for an answer
        self._timer = 0
        self.connection.on_connected(self._again)

    def render(self, state: object) -> None:
        """Show the answer, and see to it that there is one for what is drawn now."""
        share = state.share
        if self.box.checked != share.asking:
            self.box.checked = share.asking
        answer = share.answer if share.asking and not state.blank else None
        set_flag(self.line, "hidden", answer is None)
        set_flag(self.trouble, "hidden", not (share.asking and share.answer_notice))
        if share.answer_notice:
            set_text(self.trouble, share.answer_notice.text)
            set_attribute(self.trouble, "data-tone", share.answer_notice.tone)
        if answer:
            self._show(answer, state.label_of())
        if share.asking and self._due() != self._asked:
            self._asked = self._due()
            window.clearTimeout(self._timer)
            self._timer = window.setTimeout(self._ask, REST)

    def _switched(self, event: object) -> None:
        self._asked = ()
        self.page.dispatch("asking", on=event.target.checked)

    def _show(self, answer: dict, own: tuple | None) -> None:
        set_text(self.digit, str(answer["label"]))
        agrees = own is not None and own[0] == answer["label"]
        share = formatting.percent(max(answer["probabilities"]), 1)
        set_text(self.share, f"The API: {share}, {'the same digit' if agrees else 'another digit than here'}.")
        set_attribute(self.line, "data-agrees", "yes" if agrees else "no")
        start = {True: ", cold start", False: ", warm"}.get(answer["cold"], "")
        version = version_descriptions.short(answer["version"])
        set_text(self.details, f"{answer['seconds'] * 1000:.0f} ms there and back{start}, version {version}")
        set_attribute(self.details, "title", f"{answer['model']}, version {answer['version']}")

    def _due(self) -> tuple:
        return self.state.model, self.state.drawing.revision, self.state.record.etag

    def _again(self) -> None:
        self._asked = ()
        self.page.request_render()

    def _ask(self) -> None:
        if self._waiting:  # the answer that comes asks again
            return
        if not self.state.blank and self.state.picture is not None:
            self._waiting = True
            aio.run(self._compare(self.state.model, self.state.picture))

    async def _compare(self, model: str, picture: object) -> None:
        asked, started = self._asked, window.performance.now()
        timer = window.setTimeout(self.page.dispatch, WAITING, "answer_awaited")
        try:
            answer = await self.routes.predict(model, picture)
            seconds = (window.performance.now() - started) / 1000
            self.page.dispatch("answered", answer={**answer, "seconds": seconds})
        except fetching.AwayError as error:
            self.page.dispatch("answer_failed", text=f"{error}. The digit above was read in this tab.")
            self.connection.mark_away(str(error))
        except (fetching.RefusedError, KeyError, TypeError) as error:
            self.page.dispatch("answer_failed", text=f"The API does not read this drawing: {error}.")
        window.clearTimeout(timer)
        self._waiting = False
        if asked != self._asked:
            self._ask()


def start(app: App) -> None:
    """Add the API's answer to the reading."""
    app.page.views.append(Comparing(app))
