"""The header's notes: which digits the API has, and whether it is there."""

from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text


class ConnectionView:
    """Owns #api-status and #dataset."""

    def __init__(self) -> None:
        self.api, self.dataset = by_id("api-status"), by_id("dataset")

    def render(self, state: object) -> None:
        """Show what is known of the API."""
        set_attribute(
            self.api, "data-tone", {"up": "good", "away": "warning", "slow": "warning"}.get(state.api, "quiet")
        )
        set_text(self.api, {"up": "API connected", "unknown": "Asking the API…"}.get(state.api, state.api_detail))
        set_flag(self.dataset, "hidden", not state.dataset)
        set_text(self.dataset, state.dataset)
