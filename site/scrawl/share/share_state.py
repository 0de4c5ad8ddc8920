"""What sharing adds to the page's state, and what its events make of it. Pure."""

from scrawl.state.app_state import Notice, State
from scrawl.state.formatting import short_name


class Share:
    """Of each network where it says so, else of the whole page."""

    def __init__(self) -> None:
        self.conflicts: list = []  # models whose shared weights others have changed since this tab began
        self.token_wanted = False  # by the API, for what was tried last
        self.token_used = False  # whether the API has wanted one
        self.versions: dict = {}  # model → the API's list
        self.versions_notice: Notice | None = None
        self.file_notice: Notice | None = None
        self.file_offer = ""  # the network that an opened file is for, if it is not the selected one
        self.digits: list = []  # (key, label, picture) of the drawings kept, the newest first
        self.digits_notice: Notice | None = None
        self.keeping = ""  # when the work was kept last, as a time of day
        self.keeping_notice: Notice | None = None
        self.tabs_notice: Notice | None = None
        self.other_works: list = []  # (place, what it is) of work that other tabs have left
        self.asking = False  # whether the API reads along
        self.answer: dict | None = None  # its last answer, with `seconds`, and `revision` of the drawing
        self.answer_notice: Notice | None = None
        self.copied = ""  # said once something has been copied


def _changed(name: str) -> object:
    """Return a transition that sets one attribute."""

    def transition(state: State, value: object) -> None:
        setattr(state.share, name, value)

    return transition


def _conflict(state: State, model: str, on: bool) -> None:
    others = [other for other in state.share.conflicts if other != model]
    state.share.conflicts = [*others, model] if on else others


def _versions(state: State, model: str, versions: list) -> None:
    state.share.versions[model] = versions
    state.share.versions_notice = None


def _token_wanted(state: State, on: bool) -> None:
    state.share.token_wanted = on
    state.share.token_used = True


def _file_noticed(state: State, text: str, tone: str) -> None:
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


def _asking(state: State, on: bool) -> None:
    state.share.asking = on
    state.share.answer = state.share.answer_notice = None


def _answer_awaited(state: State) -> None:
    state.share.answer_notice = Notice("Waiting for the API's answer…")


def _answered(state: State, answer: dict) -> None:
    state.share.answer = answer
    state.share.answer_notice = None


def _answer_failed(state: State, text: str) -> None:
    state.share.answer = None
    state.share.answer_notice = Notice(text, "warning")


TRANSITIONS = {
    "conflict": _conflict,
    "token_wanted": _token_wanted,
    "versions": _versions,
    "versions_noticed": _changed("versions_notice"),
    "file_noticed": _file_noticed,
    "file_fits_another": _file_fits_another,
    "file_taken": _file_taken,
    "digits": _changed("digits"),
    "digits_noticed": _changed("digits_notice"),
    "kept_now": _changed("keeping"),
    "keeping_noticed": _changed("keeping_notice"),
    "tabs_noticed": _changed("tabs_notice"),
    "other_works": _changed("other_works"),
    "asking": _asking,
    "answer_awaited": _answer_awaited,
    "answered": _answered,
    "answer_failed": _answer_failed,
    "copied": _changed("copied"),
    # The worker's reports, which `files` and `autosave` take
    "file_opened": lambda _state, **_fields: None,
    "file_refused": lambda _state, **_fields: None,
    "trained_on_collected": lambda _state, **_fields: None,
    "file_saved": lambda _state, **_fields: None,
    "weights_saved": lambda _state, **_fields: None,
    "weights_not_saved": lambda _state, **_fields: None,
}
