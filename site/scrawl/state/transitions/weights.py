"""The weights of a network: where they come from, and what is being done with them. Pure."""

from scrawl.state.app_state import Notice, State
from scrawl.state.transitions.networks import ready_if_complete

UNDER_WAY = "The shared weights are still on their way. Until they come, this network can only guess."


def _weights_taken(state: State, model: str, origin: str, metadata: dict) -> None:
    """Other weights: what was measured before no longer holds."""
    record = state.record_of(model)
    record.origin, record.version = origin, metadata
    record.touched = origin == "random" or (origin == "quick" and record.touched)
    record.start_over()
    record.notices.pop("train", None)
    if "weights" in record.notices and record.notices["weights"].text == UNDER_WAY:
        del record.notices["weights"]
    state.awaiting_weights = False
    ready_if_complete(state)


def _new_weights_wanted(state: State) -> None:
    """Random ones, which the worker has been asked for: shared ones that come meanwhile are not to replace them."""
    state.record.touched = True


def _weights_late(state: State) -> None:
    """The first ones: the page can be used without."""
    if state.awaiting_weights:
        state.record.notices["weights"] = Notice(UNDER_WAY, "warning")
        state.awaiting_weights = False
        ready_if_complete(state)


def _weights_refused(state: State, model: str, message: str) -> None:
    text = f"The weights were refused: {message}. The network keeps those it has."
    _settled(state, model, text, "error")
    state.awaiting_weights = False
    ready_if_complete(state)


def _weights_sent(state: State, model: str, description: dict, etag: str) -> None:
    record = state.record_of(model)
    record.origin, record.version, record.etag = "sent", description, etag
    record.shared_iteration = record.iteration


def _busy(state: State, model: str, task: str, text: str, progress: float | None = None) -> None:
    record = state.record_of(model)
    record.busy, record.progress = task, progress
    record.notices["weights"] = Notice(text)


def _settled(state: State, model: str, text: str, tone: str) -> None:
    record = state.record_of(model)
    record.busy, record.progress = "", None
    record.notices["weights"] = Notice(text, tone)


def _etag_known(state: State, model: str, etag: str) -> None:
    state.record_of(model).etag = etag


TRANSITIONS = {
    "weights_taken": _weights_taken,
    "new_weights_wanted": _new_weights_wanted,
    "weights_late": _weights_late,
    "weights_refused": _weights_refused,
    "weights_sent": _weights_sent,
    "busy": _busy,
    "settled": _settled,
    "etag_known": _etag_known,
}
