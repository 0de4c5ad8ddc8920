"""The card of the shared weights: where this tab's come from, the three buttons, and what is in their way.

Also starts the feature, for the drawers below the card as well: its state, the API's routes, and `SharedWeights`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.client.api import has_api
from scrawl.client.sharing_api import SharingApi
from scrawl.share import version_descriptions
from scrawl.share.drawer import button, row
from scrawl.share.share_state import TRANSITIONS, ShareState, unshared_reason
from scrawl.share.shared_weights import SharedWeights
from scrawl.state import transitions
from scrawl.ui.dom import LastShown, by_id, set_attribute, set_flag, set_text, show_notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Event

    from scrawl.app.app import App
    from scrawl.state.app_state import State

TOKEN_FORM = (
    '<form id="token-form" class="row token" hidden><label for="token">Token</label>'
    '<input id="token" type="password" autocomplete="off" required><button type="submit">Use it</button></form>'
)


class WeightsView:
    """Owns the card of the weights, and the button that resets everyone's, which asks first."""

    def __init__(self, weights: SharedWeights) -> None:
        actions = {"load": weights.load, "send": weights.send, "reset": self._ask}
        self.buttons = [by_id(f"weights-{name}") for name in actions]
        for element, action in zip(self.buttons, actions.values(), strict=True):
            element.bind("click", _without_event(action))
        self.confirm = by_id("reset-confirm")
        by_id("reset-sure").bind("click", lambda _event: self._answer(weights.reset))
        by_id("reset-not").bind("click", lambda _event: self._answer())
        if not has_api():
            _say_that_nothing_is_shared()
        self.titles = [str(element.title) for element in self.buttons]  # what each does
        self.origin, self.progress = by_id("weights-origin"), by_id("weights-progress")
        self.message = by_id("weights-message")
        self.choice = row(
            "Whose weights",
            button("Load theirs", weights.load, "Take the others' weights into this tab.", "conflict-load"),
            button("Replace theirs", weights.overwrite, "Send yours all the same.", "conflict-replace"),
            button("Keep mine here", weights.keep_both, "Change nothing.", "conflict-keep"),
        )
        self.choice.hidden = True
        self.message.insertAdjacentElement("afterend", self.choice)
        self.choice.insertAdjacentHTML("afterend", TOKEN_FORM)
        self.token_form = by_id("token-form")
        self.token_form.bind("submit", self._submit_token)
        self._use_token = weights.use_token
        self._last = LastShown()

    def render(self, state: State) -> None:
        """Show where the weights come from and what is being done with them."""
        record = state.record
        origin, notice = version_descriptions.origin(record), record.notices.get("weights")
        reason, conflict, token = (
            unshared_reason(state),
            state.model in state.share.conflicts,
            state.share.token_wanted,
        )
        if not self._last.differs(
            origin, notice, reason, conflict, token, record.opened, record.busy, record.progress
        ):
            return
        set_text(self.origin, origin)
        for element, title in zip(self.buttons, self.titles, strict=True):
            set_flag(element, "disabled", bool(record.busy) or not record.opened or bool(reason))
            set_attribute(element, "title", reason or title)
        set_flag(self.progress, "hidden", not record.busy)
        if record.busy:
            self._show_progress(record.progress)
        show_notice(self.message, notice)
        set_flag(self.choice, "hidden", bool(record.busy) or not conflict)
        set_flag(self.token_form, "hidden", not token)

    def _ask(self) -> None:
        self.confirm.hidden = False
        by_id("reset-not").focus()

    def _answer(self, action: Callable[[], object] | None = None) -> None:
        self.confirm.hidden = True
        if action is not None:
            action()
        self.buttons[-1].focus()

    def _show_progress(self, progress: float | None) -> None:
        if progress is None:
            self.progress.removeAttribute("value")  # the bar then shows work of unknown length
        else:
            set_attribute(self.progress, "value", f"{progress:.4f}")

    def _submit_token(self, event: Event) -> None:
        event.preventDefault()
        field = by_id("token")
        token, field.value = field.value, ""
        self._use_token(token)


def _say_that_nothing_is_shared() -> None:
    """Offer the shipped weights where there is no server, and say how weights are passed on."""
    load = by_id("weights-load")
    load.textContent, load.title = "Load shipped", "Take the weights that Scrawl ships with."
    by_id("weights-send").hidden = True
    by_id("weights-reset").closest(".apart").hidden = True
    by_id(
        "share-hint"
    ).textContent = (
        "This copy of Scrawl has no server: what the network learns stays in this browser. Pass it on as a file."
    )


def _without_event(action: Callable[[], object]) -> Callable[[Event], object]:
    return lambda _event: action()


def start(app: App) -> None:
    """Add the state of sharing, and the buttons of the shared weights."""
    transitions.register(TRANSITIONS)
    app.page.state.share = ShareState()
    app.sharing_api = SharingApi(app.api)
    app.shared_weights = SharedWeights(app)
    app.page.views.append(WeightsView(app.shared_weights))
    app.page.request_render()
