"""Says in words, for those who listen to the page, what the network reads, once the drawing has come to rest."""

from browser import document
from browser import self as window

from scrawl.drawing.tool_state import pen_is_down
from scrawl.ui.dom import set_text

CALM = 900  # milliseconds without a change before anything is said


class Voice:
    """Owns a status that is not seen: it says only what is new, and nothing while training changes the reading."""

    def __init__(self) -> None:
        self.element = document.createElement("p")
        self.element.id, self.element.className = "spoken", "unseen"
        self.element.setAttribute("role", "status")
        document.body.appendChild(self.element)
        self._now: list = []
        self._said: list = []
        self._timer = 0

    def render(self, state: object) -> None:
        """Say what is new in a moment, unless it changes again until then."""
        if state.training:
            return
        words = [*pen_words(state), reading_words(state)]
        if words != self._now:
            self._now = words
            window.clearTimeout(self._timer)
            self._timer = window.setTimeout(self._speak, CALM)

    def _speak(self) -> None:
        new = [words for words in self._now if words and words not in self._said]
        self._said = self._now
        if new:
            set_text(self.element, ". ".join(new))


def pen_words(state: object) -> list:
    """Return what the keys' pen does and where it is, while it is used."""
    tools = state.tools
    if not tools.cursor_shown:
        return []
    return ["Pen down" if pen_is_down(state) else "Pen up", f"Column {tools.column + 1}, row {tools.row + 1}"]


def reading_words(state: object) -> str:
    """Return what the network reads."""
    answer = state.label_of()
    return f"Reads {answer[0]}, {answer[1]:.0%} sure" if answer else "The pad is empty"
