"""The state of the drawing tools, and the transitions that change it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.picture_reader import WARNINGS
from scrawl.state.app_state import Notice
from scrawl.state.drawing import SIDE

if TYPE_CHECKING:
    from scrawl.net.interfaces import Bytes
    from scrawl.state.app_state import State, Transitions
    from scrawl.state.drawing import Point, Stroke

CELLS = 28
CELL = SIDE / CELLS
PENS = {"fine": 12.0, "medium": 21.0, "broad": 34.0}  # their width; medium is the usual one


class Tools:
    """The tools' part of the state."""

    def __init__(self) -> None:
        self.normalising = True  # whether the network gets the drawing scaled and centred
        self.column = self.row = CELLS // 2  # the cell that the keyboard's pen is in
        self.cursor_shown = False
        self.stroke: Stroke | None = None  # what the keyboard's pen is drawing while it is down


def pen_is_down(state: State) -> bool:
    """Whether the keyboard's pen draws: its stroke must still be the newest there is."""
    stroke, actions = state.tools.stroke, state.drawing.actions
    return stroke is not None and bool(actions) and actions[-1] is stroke


def _pen_chosen(state: State, width: float) -> None:
    state.drawing.pen = width


def _eraser_toggled(state: State) -> None:
    state.drawing.erasing = not state.drawing.erasing


def _normalising_chosen(state: State, on: bool) -> None:
    state.tools.normalising = on


def _cursor_shown(state: State, on: bool) -> None:
    state.tools.cursor_shown = on
    if not on:
        state.tools.stroke = None


def _cursor_moved(state: State, columns: int, rows: int) -> None:
    tools = state.tools
    tools.cursor_shown = True
    drawing = pen_is_down(state)
    tools.column = min(max(tools.column + columns, 0), CELLS - 1)
    tools.row = min(max(tools.row + rows, 0), CELLS - 1)
    if drawing:
        state.drawing.extend_stroke([_place(tools)])


def _pen_toggled(state: State) -> None:
    tools = state.tools
    tools.cursor_shown = True
    if pen_is_down(state):
        tools.stroke = None
        return
    state.drawing.start_stroke(*_place(tools))
    tools.stroke = state.drawing.strokes()[-1]
    state.notices.pop("draw", None)


def _image_shown(state: State, picture: Bytes, warnings: list[str]) -> None:
    state.drawing.show_image(picture, warnings)
    state.label_chosen = False
    doubts = "; ".join([WARNINGS[code] for code in warnings])
    text = "Your image, turned into ink. Draw over it, erase, or undo."
    state.notices["draw"] = Notice(f"Look twice: {doubts}. {text}", "warning") if doubts else Notice(text)


def _place(tools: Tools) -> Point:
    return (tools.column + 0.5) * CELL, (tools.row + 0.5) * CELL


EVENTS: Transitions = {
    "pen_chosen": _pen_chosen,
    "eraser_toggled": _eraser_toggled,
    "normalising_chosen": _normalising_chosen,
    "cursor_shown": _cursor_shown,
    "cursor_moved": _cursor_moved,
    "pen_toggled": _pen_toggled,
    "image_shown": _image_shown,
}
