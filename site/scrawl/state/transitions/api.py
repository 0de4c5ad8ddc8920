"""What the API's answers make of the state, or their absence; and the second bundle, which comes from there, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state.app_state import Notice
from scrawl.state.transitions.networks import forget_warning, ready_if_complete

if TYPE_CHECKING:
    from scrawl.state.app_state import State, Transitions


def api_up(state: State) -> None:
    """The API answers."""
    state.api, state.api_detail = "up", ""
    for notices in [state.notices, *[record.notices for record in state.records.values()]]:
        for place in [place for place, notice in notices.items() if notice.missing == "api"]:
            del notices[place]


def api_away(state: State, message: str, seconds: float) -> None:
    """The API does not answer; it is asked again in so many seconds."""
    state.api = "away"
    state.api_detail = f"{message} Asking again in {max(1, round(seconds))} s."
    state.awaiting_weights = False
    ready_if_complete(state)


def _api_slow(state: State, seconds: float) -> None:
    state.api = "slow"
    state.api_detail = f"The API has not answered for {seconds:.0f} s. Scrawl works on with what it has, and waits."


def _api_described(state: State, dataset: str, shared: list[str]) -> None:
    state.dataset, state.shared_models = dataset, shared


def _requests(state: State, count: int) -> None:
    state.page_requests = count


def _features_loaded(state: State) -> None:
    forget_warning(state)


def _features_failed(state: State, seconds: float) -> None:
    text = f"The rest of the page did not come. You can draw and read; asking for it again in {seconds} s."
    state.notices["page"] = Notice(text, "warning")


def _feature_failed(state: State, name: str, message: str) -> None:
    text = f"A part of the page does not work ({name}: {message}). Everything else does; reloading may help."
    state.notices["page"] = Notice(text, "error")


TRANSITIONS: Transitions = {
    "api_up": api_up,
    "api_away": api_away,
    "api_slow": _api_slow,
    "api_described": _api_described,
    "requests": _requests,
    "features_loaded": _features_loaded,
    "features_failed": _features_failed,
    "feature_failed": _feature_failed,
    "features_ready": lambda _state: None,
    "pong": lambda _state: None,
}
