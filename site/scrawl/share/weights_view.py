"""The card of the shared weights: where this tab's come from, the three buttons, and what is in their way."""

from scrawl.share import version_descriptions
from scrawl.share.drawer import button, row
from scrawl.ui.dom import by_id, set_flag, set_text, show_notice

TOKEN_FORM = (
    '<form id="token-form" class="row token" hidden><label for="token">Token</label>'
    '<input id="token" type="password" autocomplete="off" required><button type="submit">Use it</button></form>'
)


class WeightsView:
    """Owns what stands in the card above #share."""

    def __init__(self, sending: object) -> None:
        actions = {"load": sending.load, "send": sending.send, "reset": sending.reset}
        self.buttons = [by_id(f"weights-{name}") for name in actions]
        for element, action in zip(self.buttons, actions.values(), strict=True):
            element.bind("click", _without_event(action))
        self.origin, self.progress = by_id("weights-origin"), by_id("weights-progress")
        self.message = by_id("weights-message")
        self.choice = row(
            "Whose weights",
            button("Load theirs", sending.load, "Take the others' weights into this tab.", "conflict-load"),
            button("Replace theirs", sending.replace, "Send yours all the same.", "conflict-replace"),
            button("Keep mine here", sending.keep_mine, "Change nothing.", "conflict-keep"),
        )
        self.message.insertAdjacentElement("afterend", self.choice)
        self.choice.insertAdjacentHTML("afterend", TOKEN_FORM)
        self.token_form = by_id("token-form")
        self.token_form.bind("submit", self._use_token)
        self._use = sending.use_token

    def render(self, state: object) -> None:
        """Show where the weights come from and what is being done with them."""
        record = state.record
        set_text(self.origin, version_descriptions.origin(record))
        for element in self.buttons:
            set_flag(element, "disabled", bool(record.busy) or not record.opened)
        set_flag(self.progress, "hidden", not record.busy)
        if record.busy:
            self._show_progress(record.progress)
        show_notice(self.message, record.notices.get("weights"))
        set_flag(self.choice, "hidden", bool(record.busy) or state.model not in state.share.conflicts)
        set_flag(self.token_form, "hidden", not state.share.token_wanted)

    def _show_progress(self, progress: float | None) -> None:
        if progress is None:
            self.progress.removeAttribute("value")  # the bar then says: at work, no telling how long
        else:
            self.progress.value = progress

    def _use_token(self, event: object) -> None:
        event.preventDefault()
        field = by_id("token")
        token, field.value = field.value, ""
        self._use(token)


def _without_event(action: object) -> object:
    return lambda _event: action()
