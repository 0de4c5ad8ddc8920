"""What each event makes of the state: `apply(state, event, **fields)`.

Pure: `actions` and `sharing` carry out what follows. What concerns networks and their training is in `learning`.
The worker's reports are events under their own names; the others are the person's doings and the API's answers.
"""

from scrawl import learning
from scrawl.learning import NO_DIGITS
from scrawl.state import Notice, State


def register(transitions: dict) -> None:
    """Add a feature's events."""
    for event, transition in transitions.items():
        if event in TRANSITIONS:
            raise ValueError(f"the event {event!r} is registered already")
        TRANSITIONS[event] = transition


def apply(state: State, event: str, **fields: object) -> None:
    """Change the state as the event demands."""
    TRANSITIONS[event](state, **fields)


# Drawing


def _pen_down(state: State, x: float, y: float) -> None:
    state.drawing.begin(x, y)
    state.notices.pop("draw", None)
    state.notices.pop("tune", None)


def _pen_moved(state: State, points: list) -> None:
    state.drawing.extend(points)


def _undone(state: State) -> None:
    state.drawing.undo()


def _redone(state: State) -> None:
    state.drawing.redo()


def _cleared(state: State) -> None:
    state.drawing.clear()
    state.notices.pop("draw", None)
    state.notices.pop("tune", None)


def _noticed(state: State, place: str, text: str, tone: str) -> None:
    state.notices[place] = Notice(text, tone)


def _sampled(state: State, picture: object, label: int) -> None:
    if picture is None:
        text = "The API is away and no block is cached yet: draw a digit, or try again once it is back."
        state.notices["draw"] = Notice(text, "warning")
        return
    state.drawing.show(picture, label)
    state.label = label
    state.notices["draw"] = Notice(f"A test digit that its writer meant as {label}. Draw over it, or undo.")
    state.notices.pop("tune", None)


def _predicted(state: State, blank: bool, picture: object, probabilities: list) -> None:
    state.blank = blank
    state.picture = picture
    state.probabilities = probabilities


# Digits to learn from


def _source_failed(state: State, message: str, seconds: float) -> None:
    rest = f"Training goes on with the {state.cached} blocks it has." if state.cached else "Training waits for it."
    _api_away(state, f"{message}. {rest}", seconds)
    if not state.cached:
        state.record.notices["train"] = Notice(NO_DIGITS, "warning")


def _source_back(state: State) -> None:
    _api_up(state)


def _tuned(state: State, model: str, label: int, before: float, after: float, steps: int) -> None:
    word = "step" if steps == 1 else "steps"
    text = f"Learned in {steps} {word}: {label} went from {before:.0%} to {after:.0%}."
    state.notices["tune"] = Notice(text, "good")
    state.record_of(model).touched = True


def _label_chosen(state: State, label: int) -> None:
    state.label = label


# The API


def _api_up(state: State) -> None:
    state.api, state.api_detail = "up", ""


def _api_away(state: State, message: str, seconds: float) -> None:
    state.api = "away"
    state.api_detail = f"{message} Asking again in {max(1, round(seconds))} s."
    state.awaiting_weights = False
    learning.ready_if_complete(state)


def _api_slow(state: State, seconds: float) -> None:
    state.api = "slow"
    state.api_detail = f"The API has not answered for {seconds:.0f} s. Scrawl works on with what it has, and waits."


def _api_described(state: State, dataset: str) -> None:
    state.dataset = dataset


def _requests(state: State, count: int) -> None:
    state.page_requests = count


# What is begun once the page can be used


def _later_loaded(state: State) -> None:
    learning.forget_warning(state)


def _later_failed(state: State, seconds: float) -> None:
    text = f"The rest of the page did not come. You can draw and read; asking for it again in {seconds} s."
    state.notices["page"] = Notice(text, "warning")


def _feature_failed(state: State, name: str, message: str) -> None:
    text = f"A part of the page does not work ({name}: {message}). Everything else does; reloading may help."
    state.notices["page"] = Notice(text, "error")


TRANSITIONS = {
    **learning.TRANSITIONS,
    "pen_down": _pen_down,
    "pen_moved": _pen_moved,
    "undone": _undone,
    "redone": _redone,
    "cleared": _cleared,
    "noticed": _noticed,
    "sampled": _sampled,
    "predicted": _predicted,
    "source_failed": _source_failed,
    "source_back": _source_back,
    "tuned": _tuned,
    "label_chosen": _label_chosen,
    "api_up": _api_up,
    "api_away": _api_away,
    "api_slow": _api_slow,
    "api_described": _api_described,
    "requests": _requests,
    "later_loaded": _later_loaded,
    "later_failed": _later_failed,
    "later_begun": lambda _state: None,
    "pong": lambda _state: None,
    "feature_failed": _feature_failed,
}
