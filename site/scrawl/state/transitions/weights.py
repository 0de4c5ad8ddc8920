"""The weights of a network: where they come from, and what is being done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state.app_state import Notice
from scrawl.state.transitions.networks import ready_if_complete, use_settings

if TYPE_CHECKING:
    from scrawl.net.safetensors import Metadata
    from scrawl.state.app_state import Missing, Origin, State, Task, Tone, Transitions

UNSHARED = (
    "This server does not share this network. It starts with random weights and stays in this browser; "
    "files pass it on."
)
SAVED_UNDER_WAY = (
    "Your weights, saved in this browser, are still on their way: its storage has not answered yet. "
    "Until they come, this network can only guess."
)
UNDER_WAY = "The shared weights are still on their way. Until they come, this network can only guess."


def _weights_taken(state: State, model: str, origin: Origin, metadata: Metadata) -> None:
    """Other weights: what was measured before no longer holds, nor what was said of it."""
    record = state.record_of(model)
    if record.modified or origin not in ("quick", "shared"):  # else they are the first, and nothing was measured
        record.notices.pop("train", None)
    record.origin, record.version, record.fresh = origin, metadata, origin == "random"
    if origin in ("quick", "shared"):
        record.unusable = ""
    record.modified = origin == "random" or (origin == "quick" and record.modified)
    record.start_over()
    if "weights" in record.notices and record.notices["weights"].missing == "weights":
        del record.notices["weights"]
    state.awaiting_weights = False
    if model == state.model:
        use_settings(state)
    ready_if_complete(state)


def _new_weights_wanted(state: State) -> None:
    """The worker has been asked for random weights: shared ones that come meanwhile must not replace them."""
    state.record.modified = state.record.fresh = True
    use_settings(state)


def _weights_late(state: State, saved: bool) -> None:
    """The first weights take long: the page can be used without them."""
    if state.awaiting_weights:
        text = SAVED_UNDER_WAY if saved else UNDER_WAY
        state.record.notices["weights"] = Notice(text, "warning", missing="weights")
        state.awaiting_weights = False
        ready_if_complete(state)


def _weights_refused(state: State, model: str, origin: Origin, message: str) -> None:
    record = state.record_of(model)
    if origin in ("older", "file"):  # one of several that are tried; or said where files are opened
        return
    if origin in ("quick", "shared") and record.origin == "":
        record.unusable = message
        text = f"The shared weights cannot be used: {message}. This tab goes on with new, random weights."
        _settled(state, model, text, "warning")
    else:
        text = f"The weights were refused: {message}. The network keeps those it has."
        _settled(state, model, text, "error", missing="weights")
    state.awaiting_weights = False
    ready_if_complete(state)


def _weights_declined(state: State, model: str, message: str) -> None:
    """Note that the API gives no shared weights, so that there are none to go back to either."""
    record = state.record_of(model)
    rest = "This tab goes on with random weights" if record.origin == "" else "The network keeps its own"
    _settled(state, model, f"The API gives no shared weights: {message}. {rest}.", "warning")
    state.awaiting_weights = False
    ready_if_complete(state)


def _network_unshared(state: State, model: str) -> None:
    """Note that the API does not know this network: it has the random weights that it was made with."""
    record = state.record_of(model)
    if record.origin == "":
        record.origin, record.modified = "random", True
        _settled(state, model, UNSHARED, "quiet")
    state.awaiting_weights = False
    ready_if_complete(state)


def _weights_sent(state: State, model: str, description: Metadata, etag: str) -> None:
    record = state.record_of(model)
    record.origin, record.version, record.etag, record.fresh = "sent", description, etag, False
    record.unusable = ""
    record.shared_iteration = record.iteration
    record.lessons, record.before_lessons = 0, []  # they are in the shared version now
    use_settings(state)


def _busy(state: State, model: str, task: Task, text: str, progress: float | None = None) -> None:
    record = state.record_of(model)
    record.busy, record.progress = task, progress
    record.notices["weights"] = Notice(text)


def _settled(state: State, model: str, text: str, tone: Tone, missing: Missing = "") -> None:
    record = state.record_of(model)
    record.busy, record.progress = "", None
    record.notices["weights"] = Notice(text, tone, missing)


def _etag_known(state: State, model: str, etag: str) -> None:
    state.record_of(model).etag = etag


TRANSITIONS: Transitions = {
    "weights_loaded": _weights_taken,
    "new_weights_wanted": _new_weights_wanted,
    "weights_late": _weights_late,
    "weights_refused": _weights_refused,
    "weights_declined": _weights_declined,
    "network_unshared": _network_unshared,
    "weights_sent": _weights_sent,
    "busy": _busy,
    "settled": _settled,
    "etag_known": _etag_known,
}
