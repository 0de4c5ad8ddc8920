"""The part of the page's state that belongs to learning together, and the events that change it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state.app_state import Notice

if TYPE_CHECKING:
    from typing import Any

    from scrawl.state.app_state import State, Transitions

MOST_POINTS = 300  # of the curve
ALLOWED = "BCDFGHJKMNPQRSTVWXZ"  # in a room's code, as in `functions.rooms.codes`
CODE_FORM = "A room's code has twelve letters, none of them A, E, I, L, O, U or Y, like BCDF-GHJK-MNPQ"
LETTERS = 12  # of a room's code
GROUP = 4


class TogetherState:
    """What is known of learning together."""

    def __init__(self) -> None:
        self.on = False  # whether this tab takes part
        self.model = ""  # which network is learned
        self.code = ""  # of the room; empty: with everybody who visits
        self.owner_code = ""  # where this tab has opened the room, or its owner has joined with that code
        self.with_blocks = False  # whether it learns from MNIST's digits, too
        self.participants = 0
        self.accuracies: list[float] = []  # of the shared weights, on the API's test digits
        self.sent = 0  # updates of this tab that were averaged in
        self.weight: float | None = None  # with which the last one was
        self.samples = 0  # digits that it was learned from
        self.asking = False  # whether the API is asked for something that is done once: a room, its end
        self.notice: Notice | None = None


def read_code(text: str) -> str:
    """Return a code as the page shows it, joining or the owner's; an empty text if it is none."""
    letters = "".join([letter for letter in text.upper() if letter not in " -"])
    if len(letters) not in (LETTERS, 3 * LETTERS) or not all(letter in ALLOWED for letter in letters):
        return ""
    return "-".join([letters[place : place + GROUP] for place in range(0, len(letters), GROUP)])


def joining_part(code: str) -> str:
    """Return the part of a code that everybody in the room has."""
    return code[: LETTERS + LETTERS // GROUP - 1]


def _started(state: State, model: str, code: str) -> None:
    together = state.together
    together.on, together.model, together.code = True, model, joining_part(code)
    together.owner_code = code if code != together.code else ""
    together.accuracies, together.sent, together.weight, together.participants = [], 0, None, 0
    together.notice = Notice("Taking the shared weights…")


def _stopped(state: State, text: str, tone: Any = "quiet") -> None:
    together = state.together
    together.on, together.code, together.owner_code = False, "", ""
    together.notice = Notice(text, tone)


def _noticed(state: State, text: str, tone: Any = "quiet", missing: Any = "") -> None:
    state.together.notice = Notice(text, tone, missing)


def _api_back(state: State) -> None:
    """The API is there again: what only said that it is away no longer holds."""
    if state.together.notice is not None and state.together.notice.missing == "api":
        state.together.notice = None


def _asking(state: State, on: bool) -> None:
    state.together.asking = on


def _blocks_wished(state: State, on: bool) -> None:
    state.together.with_blocks = on


def _learned(state: State, accuracy: float, participants: int) -> None:
    """The shared weights are others, or are asked for again."""
    together = state.together
    together.participants = participants
    if not together.accuracies or together.accuracies[-1] != accuracy:
        together.accuracies = [*together.accuracies, accuracy][-MOST_POINTS:]


def _update_sent(state: State, weight: float | None, samples: int) -> None:
    together = state.together
    together.sent += 1
    together.weight, together.samples = weight, samples
    together.notice = None


def _unchanged(_state: State, **_fields: Any) -> None:
    """Leave the state as it is: `learning_rounds` goes on with the report."""


TRANSITIONS: Transitions = {
    "together_started": _started,
    "together_stopped": _stopped,
    "together_noticed": _noticed,
    "together_api_back": _api_back,
    "together_asking": _asking,
    "together_blocks_wished": _blocks_wished,
    "together_learned": _learned,
    "together_update_sent": _update_sent,
    "learned_together": _unchanged,
}
