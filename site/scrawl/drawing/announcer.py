"""Says in words what the network predicts, for those who listen to the page, once the drawing has come to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.drawing.tool_state import pen_is_down
from scrawl.ui.dom import set_text

if TYPE_CHECKING:
    from scrawl.state.app_state import State

REST = 900  # milliseconds without a change before anything is said


class Announcer:
    """Owns a hidden status: it says only what is new, and nothing while training changes the prediction."""

    def __init__(self) -> None:
        self.element = document.createElement("p")
        self.element.id, self.element.className = "spoken", "unseen"
        self.element.setAttribute("role", "status")
        document.body.appendChild(self.element)
        self._current: list[str] = []
        self._announced: list[str] = []
        self._timer = 0

    def render(self, state: State) -> None:
        """Say what is new in a moment, unless it changes again before."""
        if state.training:
            return
        phrases = [*pen_phrases(state), prediction_phrase(state)]
        if phrases != self._current:
            self._current = phrases
            window.clearTimeout(self._timer)
            self._timer = window.setTimeout(self._announce, REST)

    def _announce(self) -> None:
        new = [phrase for phrase in self._current if phrase and phrase not in self._announced]
        self._announced = self._current
        if new:
            set_text(self.element, ". ".join(new))


def pen_phrases(state: State) -> list[str]:
    """Return whether the pen erases, and what the keyboard's pen does and where it is while it is used."""
    tools = state.tools
    tool = ["The eraser is on"] if state.drawing.erasing else []
    if not tools.cursor_shown:
        return tool
    return [*tool, "Pen down" if pen_is_down(state) else "Pen up", f"Column {tools.column + 1}, row {tools.row + 1}"]


def prediction_phrase(state: State) -> str:
    """Return what the network predicts."""
    answer = state.label_of()
    if answer is None:
        return "The pad is empty"
    if state.record.is_untrained():
        return f"Untrained, so it only guesses: {answer[0]}"
    return f"Unlike any digit, at most {answer[0]}" if state.unlike else f"Reads {answer[0]}, {answer[1]:.0%} sure"
