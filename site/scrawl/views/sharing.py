"""The shared weights, and whether the API is there."""

from scrawl import text
from scrawl.dom import by_id, set_attribute, set_flag, set_text, show_notice


class SharingView:
    """Owns the card of the shared weights and the header's notes on data and API."""

    def __init__(self) -> None:
        self.api, self.dataset = by_id("api-status"), by_id("dataset")
        self.origin = by_id("weights-origin")
        self.buttons = [by_id("weights-load"), by_id("weights-send"), by_id("weights-reset")]
        self.progress = by_id("weights-progress")
        self.message = by_id("weights-message")

    def render(self, state: object) -> None:
        """Show where the weights come from and what is being done with them."""
        set_attribute(self.api, "data-tone", {"up": "good", "away": "warning"}.get(state.api, "quiet"))
        set_text(self.api, {"up": "API connected", "away": state.api_detail}.get(state.api, "Asking the API…"))
        set_flag(self.dataset, "hidden", not state.dataset)
        set_text(self.dataset, state.dataset)
        set_text(self.origin, _origin(state))
        for button in self.buttons:
            set_flag(button, "disabled", bool(state.record.busy) or not state.record.opened)
        set_flag(self.progress, "hidden", not state.record.busy)
        if state.record.busy:
            self._show_progress(state.record.progress)
        show_notice(self.message, state.record.notices.get("weights"))

    def _show_progress(self, progress: float | None) -> None:
        if progress is None:
            self.progress.removeAttribute("value")  # the bar then says: at work, no telling how long
        else:
            self.progress.value = progress


def _origin(state: object) -> str:
    if not state.record.opened:
        return "none yet"
    start = "new, random weights" if state.record.origin in ("", "random") else _version(state.record.version)
    trained = state.record.iteration - state.record.shared_iteration
    if trained:
        return f"{start}, trained here for {trained} {'iteration' if trained == 1 else 'iterations'}"
    return start


def _version(version: dict) -> str:
    parts = ["the shared weights"]
    if version.get("created_at"):
        parts.append(f"of {text.moment(version['created_at'])}")
    if version.get("accuracy"):
        parts.append(f"({text.percent(float(version['accuracy']))} when the API measured them)")
    return " ".join(parts)
