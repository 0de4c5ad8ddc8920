"""What the person draws, and what the network predicts for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state.app_state import Notice
from scrawl.state.picture_doubts import less_sure

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrawl.net.interfaces import Bytes
    from scrawl.state.app_state import State, Tone, Transitions


def _pen_down(state: State, x: float, y: float) -> None:
    if state.drawing.is_blank():
        _follow_sheet(state)
    state.drawing.start_stroke(x, y)
    state.notices.pop("draw", None)
    state.notices.pop("tune", None)


def _pen_moved(state: State, points: list[tuple[float, float]]) -> None:
    state.drawing.extend_stroke(points)


def _pen_lifted(state: State) -> None:
    state.drawing.lift_pen()


def _stroke_dropped(state: State) -> None:
    state.drawing.drop_stroke()


def _undone(state: State) -> None:
    _turn_pages(state, state.drawing.undo)


def _redone(state: State) -> None:
    _turn_pages(state, state.drawing.redo)


def _turn_pages(state: State, move: Callable[[], None]) -> None:
    sheet = state.drawing.sheet()
    move()
    if state.drawing.sheet() != sheet:
        _follow_sheet(state)


def _follow_sheet(state: State) -> None:
    """Another drawing: its label is a sample's own, else what the network reads, until the person chooses one."""
    sample = state.drawing.sample()
    state.label_chosen = sample is not None
    if sample is not None:
        state.label = sample[1]


def _cleared(state: State) -> None:
    state.drawing.clear()
    _follow_sheet(state)
    state.notices.pop("draw", None)
    state.notices.pop("tune", None)


def _noticed(state: State, place: str, text: str, tone: Tone) -> None:
    state.notices[place] = Notice(text, tone)


def _sampled(state: State, picture: Bytes | None, label: int) -> None:
    if picture is None:
        text = "The API is away and no block is cached yet: draw a digit, or try again once it is back."
        state.notices["draw"] = Notice(text, "warning", missing="api")
        return
    state.drawing.show_sample(picture, label)
    _follow_sheet(state)
    state.notices["draw"] = Notice(f"A test digit that its writer meant as {label}. Draw over it, or undo.")
    state.notices.pop("tune", None)


def _predicted(state: State, blank: bool, picture: Bytes | None, probabilities: list[float], unlike: bool) -> None:
    state.blank = blank
    if blank or picture is not None:  # else it is the same, read with other weights
        state.picture = picture
    warnings = state.drawing.image_warnings()
    state.probabilities = probabilities if warnings is None else less_sure(probabilities, warnings)
    state.unlike = unlike
    answer = state.label_of()
    if answer and not state.label_chosen:
        state.label = answer[0]


def _label_chosen(state: State, label: int) -> None:
    state.label, state.label_chosen = label, True


TRANSITIONS: Transitions = {
    "pen_down": _pen_down,
    "pen_moved": _pen_moved,
    "pen_lifted": _pen_lifted,
    "stroke_dropped": _stroke_dropped,
    "undone": _undone,
    "redone": _redone,
    "cleared": _cleared,
    "noticed": _noticed,
    "sampled": _sampled,
    "predicted": _predicted,
    "label_chosen": _label_chosen,
}
