"""The part of the page's state that belongs to sharing, files and saved work, and the events that change it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state.app_state import Notice
from scrawl.state.formatting import short_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NotRequired, TypedDict

    from browser.arrays import Uint8Array

    from scrawl.state.app_state import State, Tone, Transitions

    class ApiPrediction(TypedDict):
        """The API's answer to a picture. `cold` is None if it does not say; `seconds` are there and back."""

        label: int
        probabilities: list[float]
        model: str
        version: str
        cold: bool | None
        seconds: float

    class VersionEntry(TypedDict):
        """A version in the API's history of a network's weights."""

        version: str
        current: bool
        source: NotRequired[str]
        samples: NotRequired[int]
        created_at: NotRequired[str]
        accuracy: NotRequired[float | None]
        parent: NotRequired[str | None]
        restores: NotRequired[str | None]

    type CollectedDigit = tuple[str, int, Uint8Array]  # its key in the browser's storage, label and picture


class ShareState:
    """What sharing adds to the page's state: by model where it says so, else for the whole page."""

    def __init__(self) -> None:
        self.conflicts: list[str] = []  # models whose shared weights others have changed since this tab loaded them
        self.recovered: dict[str, VersionEntry] = {}  # model → what this tab uses instead of unusable shared weights
        self.token_wanted = False  # by the API, for the last request
        self.token_used = False  # whether the API has wanted one
        self.versions: dict[str, list[VersionEntry]] = {}  # model → the API's history
        self.versions_notice: Notice | None = None
        self.file_notice: Notice | None = None
        self.file_offer = ""  # the network that an opened file is for, if it is not the selected one
        self.digits: list[CollectedDigit] = []  # the newest first
        self.digits_notice: Notice | None = None
        self.saved_at = ""  # the time of day when the work was saved last
        self.save_notice: Notice | None = None
        self.tabs_notice: Notice | None = None
        self.other_works: list[tuple[int, dict[str, Any]]] = []  # (slot, work) that other tabs have left
        self.api_asked = False  # whether the API predicts each drawing, too
        self.api_prediction: ApiPrediction | None = None
        self.api_notice: Notice | None = None
        self.copy_result = ""  # said for a while after copying a command


def unshared_reason(state: State) -> str:
    """Return why the API cannot be asked about the selected network; nothing where it can."""
    return (
        f"This server does not share {short_name(state.model)}; it is in this tab alone."
        if state.is_unshared()
        else ""
    )


def _setter(name: str) -> Callable[..., None]:
    """Return a transition that sets one attribute."""

    def transition(state: State, value: Any) -> None:
        setattr(state.share, name, value)

    return transition


def _conflict(state: State, model: str, on: bool) -> None:
    others = [other for other in state.share.conflicts if other != model]
    state.share.conflicts = [*others, model] if on else others


def _versions_listed(state: State, model: str, versions: list[VersionEntry]) -> None:
    state.share.versions[model] = versions
    state.share.versions_notice = None


def _token_wanted(state: State, on: bool) -> None:
    state.share.token_wanted = on
    state.share.token_used = True


# Files


def _file_noticed(state: State, text: str, tone: Tone) -> None:
    state.share.file_notice = Notice(text, tone)
    state.share.file_offer = ""


def _file_fits_another(state: State, name: str, model: str) -> None:
    text = f"{name} holds weights of {short_name(model)}, but {short_name(state.model)} is selected."
    state.share.file_notice = Notice(text, "warning")
    state.share.file_offer = model


def _file_taken(state: State, model: str, name: str) -> None:
    record = state.record_of(model)
    record.version = {**record.version, "file": name}
    record.modified = True


# The API's prediction


def _api_asked(state: State, on: bool) -> None:
    state.share.api_asked = on
    state.share.api_prediction = state.share.api_notice = None


def _api_prediction_awaited(state: State) -> None:
    state.share.api_notice = Notice("Waiting for the API's answer…")


def _api_predicted(state: State, prediction: ApiPrediction) -> None:
    state.share.api_prediction = prediction
    state.share.api_notice = None


def _api_prediction_failed(state: State, text: str) -> None:
    state.share.api_prediction = None
    state.share.api_notice = Notice(text, "warning")


def _unchanged(_state: State, **_fields: Any) -> None:
    """Leave the state as it is: listeners to the worker's report do the rest."""


TRANSITIONS: Transitions = {
    "conflict": _conflict,
    "token_wanted": _token_wanted,
    "versions_listed": _versions_listed,
    "versions_noticed": _setter("versions_notice"),
    "file_noticed": _file_noticed,
    "file_fits_another": _file_fits_another,
    "file_taken": _file_taken,
    "digits_collected": _setter("digits"),
    "digits_noticed": _setter("digits_notice"),
    "work_saved": _setter("saved_at"),
    "save_noticed": _setter("save_notice"),
    "tabs_noticed": _setter("tabs_notice"),
    "other_works": _setter("other_works"),
    "api_asked": _api_asked,
    "api_prediction_awaited": _api_prediction_awaited,
    "api_predicted": _api_predicted,
    "api_prediction_failed": _api_prediction_failed,
    "command_copied": _setter("copy_result"),
    "file_opened": _unchanged,
    "file_refused": _unchanged,
    "file_saved": _unchanged,
    "weights_saved": _unchanged,
    "weights_not_saved": _unchanged,
}
