"""The drawer "Learn together": take part, alone with everybody or in a room, and see what has come of it.

Also starts the feature: its state, the API's routes, and `LearningRounds`. An address with `#room=CODE` joins, and a
reload joins again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window

from scrawl.client import fetching
from scrawl.share.drawer import Drawer, button, message, row
from scrawl.share.share_state import unshared_reason
from scrawl.state import formatting, transitions
from scrawl.state.app_state import Notice
from scrawl.together import remembered_room
from scrawl.together.learning_rounds import LearningRounds
from scrawl.together.local_round import FEWEST_DIGITS
from scrawl.together.together_api import TogetherApi
from scrawl.together.together_state import CODE_FORM, TRANSITIONS, TogetherState, read_code
from scrawl.ui.dom import set_attribute, set_flag, set_hidden, set_text, show_notice

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from browser import Element, Event

    from scrawl.app.app import App
    from scrawl.state.app_state import State

LEAVES = (
    "What leaves this tab: by how much the network's weights have changed while it learned from the digits that this "
    f"browser keeps (My digits), at least {FEWEST_DIGITS} together, shortened and blurred a little; how many digits; "
    "a random name, a new one each time. That can tell something about your writing, the more the longer you take "
    "part, but no picture, stroke or label leaves the tab. Teach keeps a digit here and sends nothing. This tab's "
    "network becomes the shared one."
)
WIDTH, HEIGHT = 300, 60


class TogetherView:
    """Owns the drawer #together."""

    def __init__(self, app: App) -> None:
        self.app, self.page, self.state = app, app.page, app.page.state
        self.api = TogetherApi(app.sharing_api)
        self.rounds = LearningRounds(app, self.api, self._want_token)
        self.drawer = Drawer("together", "Learn together", "one network, everybody's digits, no pictures", self._fill)
        self._shown: list[float] | None = None  # the accuracies that are on the page
        window.addEventListener("hashchange", lambda _event: self._join_by_address())
        app.on_complete(self._join_at_start)
        app.connection.on_connected(self._forget_outage)

    def render(self, state: State) -> None:
        """Show who takes part, and what has come of it."""
        if not self.drawer.is_open:
            return
        together = state.together
        set_text(self.start, "Leave" if together.on else "Take part")
        reason = "" if together.on else unshared_reason(state)
        set_flag(self.start, "disabled", not state.record.opened or bool(reason))
        set_flag(self.room, "disabled", bool(reason))
        set_hidden(self.joining, together.on, self.start)
        set_hidden(self.owning, not together.owner_code, self.start)
        self.address.render(together.code)
        set_flag(self.figures, "hidden", not together.on)
        set_text(self.count, str(together.participants))
        last = together.accuracies[-1] if together.accuracies else None
        set_text(self.accuracy, formatting.percent(last))
        set_text(self.part, _part(state))
        show_notice(self.message, Notice(reason) if reason else together.notice)
        if self._shown is not together.accuracies:
            self._shown = together.accuracies
            self._draw(together.accuracies)

    def _fill(self, body: Element) -> None:
        from scrawl.together.room_address import RoomAddress  # with the QR code: most visits never open the drawer

        leaves, self.message, self.address = _paragraph(LEAVES), message("together-message"), RoomAddress()
        self.start = button("Take part", self._toggle, "Learn with everybody who visits.", "together-start")
        wish = document.createElement("label")
        wish.className = "check"
        wish.innerHTML = (
            '<input type="checkbox" id="together-mnist" title="Else from your own digits alone."> '
            "Learn from MNIST's digits, too"
        )
        wish.querySelector("input").bind("change", self._wish)
        self.joining = document.createElement("form")
        self.joining.className = "row"
        self.joining.innerHTML = (
            '<label for="room-code">Room</label>'
            '<input id="room-code" autocomplete="off" placeholder="BCDF-GHJK-MNPQ" '
            'title="The code of twelve letters that whoever opened the room has.">'
            '<button type="submit" id="room-join" title="Learn with those in this room.">Join</button>'
        )
        self.joining.bind("submit", self._join_typed)
        self.room = button("Open a room", self._open, "Weights of a class's own.", "room-open")
        self.joining.appendChild(self.room)
        self.owning = row(
            "Your room",
            button("Start over", self._reset, "Give the room the weights again that it had first.", "room-reset"),
            button("End the room", self._end, "For everybody; nothing of it is kept.", "room-end"),
        )
        self.figures = document.createElement("div")
        self.figures.innerHTML = (
            '<p><output id="together-count"></output> taking part within the last minute; the shared network reads '
            '<output id="together-accuracy"></output> of the test digits. <span id="together-part"></span></p>'
            f'<svg id="together-curve" class="together-curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            'preserveAspectRatio="none"><polyline points=""></polyline></svg>'
            '<p class="hint" id="together-range"></p>'
        )
        find = self.figures.querySelector
        self.count, self.accuracy, self.part = find("output"), find("#together-accuracy"), find("#together-part")
        self.curve, self.range = find("svg"), find("#together-range")
        start = row("Learn together", self.start, wish)
        for part in (leaves, start, self.joining, self.owning, self.address.element, self.message, self.figures):
            body.appendChild(part)
        self._shown = None

    def _draw(self, accuracies: list[float]) -> None:
        """Draw the curve from the lowest to the highest accuracy."""
        low, high = (min(accuracies), max(accuracies)) if accuracies else (0.0, 1.0)
        span, steps = (high - low) or 1.0, max(1, len(accuracies) - 1)
        points = [
            f"{WIDTH * number / steps:.1f},{HEIGHT - (HEIGHT - 4) * (accuracy - low) / span - 2:.1f}"
            for number, accuracy in enumerate(accuracies)
        ]
        set_attribute(self.curve.querySelector("polyline"), "points", " ".join(points))
        text = f"The shared network's accuracy, from {formatting.percent(low)} to {formatting.percent(high)}"
        set_attribute(self.curve, "aria-label", text if accuracies else "No accuracy yet")
        set_text(self.range, text if len(accuracies) > 1 else "")

    # What the person does

    def _toggle(self) -> None:
        if self.state.together.on:
            self.rounds.stop("This tab learns for itself again.")
        else:
            self.rounds.start(self.state.model)

    def _wish(self, event: Event) -> None:
        self.page.dispatch("together_blocks_wished", on=bool(event.target.checked))

    def _join_typed(self, event: Event) -> None:
        event.preventDefault()
        self._join(self.joining.querySelector("input").value)

    def _join_by_address(self) -> bool:
        """Join the room that the address names, if any."""
        code = self.app.url_sync.take_room()
        if code and (read_code(code) or None) != self.state.together.code:
            self._show()
            self._join(code)
        return bool(code)

    def _join_at_start(self) -> None:
        """Join the room of the address; else, after a reload, the one that this tab was in."""
        room = None if self._join_by_address() else remembered_room.remembered()
        if room is not None:
            self._show()
            self._take_part(*room)

    def _show(self) -> None:
        self.drawer.open()
        self.app.tabs.show("share")

    def _join(self, text: str) -> None:
        code = read_code(text)
        if not code:
            self._say(f"{CODE_FORM}, got {text[:40]!r}.", "warning")
            return
        self._run(self._enter, code)

    async def _enter(self, code: str) -> None:
        self._take_part((await self.api.room(code))["model"], code)

    def _take_part(self, model: str, code: str) -> None:
        if model != self.state.model:
            self.page.dispatch("model_chosen", model=model)
            self.app.models.open_selected()
        self.rounds.start(model, code)

    def _open(self) -> None:
        self._run(self._enter_new)

    async def _enter_new(self) -> None:
        await self._enter(await self.api.open_room(self.state.model))

    def _reset(self) -> None:
        self._run(self._start_over)

    async def _start_over(self) -> None:
        await self.api.reset_room(self.state.together.owner_code)
        self._say("The room has its first weights again.", "good")

    def _end(self) -> None:
        self._run(self._end_for_all)

    async def _end_for_all(self) -> None:
        await self.api.end_room(self.state.together.owner_code)
        self.rounds.stop("The room is over, for everybody.")

    # What is in the way

    def _run(self, task: Callable[..., Coroutine[Any, Any, object]], *arguments: str) -> None:
        if not self.state.together.asking:  # else it is the second click of a double one
            self.page.dispatch("together_asking", on=True)
            self._say("Asking the API…", "quiet")
            aio.run(self._try(task, *arguments))

    async def _try(self, task: Callable[..., Coroutine[Any, Any, object]], *arguments: str) -> None:
        try:
            await task(*arguments)
        except fetching.ApiUnavailableError as error:
            self.app.connection.mark_unavailable(str(error))
            self._say(f"{error}. Try again once it is back.", "warning", "api")
        except fetching.RefusedError as error:
            self._say(f"The API declined: {error}.", "warning")
            if error.status == 401 or (error.status == 403 and not self.state.together.code):
                self._want_token()  # there was none, or a wrong one
        finally:
            self.page.dispatch("together_asking", on=False)

    def _want_token(self) -> None:
        self.page.dispatch("token_wanted", on=True)

    def _say(self, text: str, tone: str, missing: str = "") -> None:
        self.page.dispatch("together_noticed", text=text, tone=tone, missing=missing)

    def _forget_outage(self) -> None:
        if self.state.api == "up":  # it may also be what the page has kept of the API's words
            self.page.dispatch("together_api_back")


def _paragraph(text: str) -> Element:
    made = document.createElement("p")
    made.className = "hint"
    made.textContent = text
    return made


def _part(state: State) -> str:
    """Return in words what this tab has added."""
    together = state.together
    if not together.sent:
        return "Nothing of this tab is in it yet."
    times = "once" if together.sent == 1 else f"{together.sent} times"
    weight = (
        "" if together.weight is None else f", the last time with {formatting.percent(together.weight)} of the say"
    )
    return f"This tab has added to it {times}, from {together.samples} digits{weight}."


def start(app: App) -> None:
    """Add learning together to the tab of what is shared."""
    transitions.register(TRANSITIONS)
    app.page.state.together = TogetherState()
    app.page.views.append(TogetherView(app))
