"""Drawing with the keyboard: arrows move a pen over the cells of the 28×28 grid, Space puts it down and lifts it.

Also undo and redo with the usual keys, anywhere but in a field, which has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document

from scrawl.drawing.tool_state import CELLS, pen_is_down
from scrawl.ui.dom import set_attribute, set_flag

if TYPE_CHECKING:
    from browser import Element, Event

    from scrawl.app.page import Page
    from scrawl.state.app_state import State

ARROWS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}
STRIDE = 4  # cells, with Shift
FIELDS = ("INPUT", "SELECT", "TEXTAREA")


class KeyboardPen:
    """Owns the cursor on the pad, and what keys do there."""

    def __init__(self, page: Page, pad: Element) -> None:
        self.page = page
        self.cursor = document.createElement("div")
        self.cursor.hidden = True
        pad.parentElement.appendChild(self.cursor)
        pad.bind("keydown", self.on_pad)
        pad.bind("focus", lambda _event: self._show(pad.matches(":focus-visible")))
        pad.bind("blur", lambda _event: self._show(False))
        pad.bind("pointerdown", lambda _event: self._show(False))
        document.bind("keydown", self.anywhere)

    def on_pad(self, event: Event) -> None:
        """Move the pen, put it down or lift it, clear."""
        if event.ctrlKey or event.metaKey or event.altKey:
            return
        if event.key in ARROWS:
            columns, rows = ARROWS[event.key]
            cells = STRIDE if event.shiftKey else 1
            self.page.dispatch("cursor_moved", columns=columns * cells, rows=rows * cells)
        elif event.key == " ":
            if not event.repeat:
                self.page.dispatch("pen_toggled")
        elif event.key in ("Delete", "Backspace"):
            self.page.dispatch("cleared")
        else:
            return
        event.preventDefault()

    def anywhere(self, event: Event) -> None:
        """Undo and redo."""
        if not (event.ctrlKey or event.metaKey) or event.altKey or event.target.tagName in FIELDS:
            return
        key = event.key.lower()
        if key == "z" and not event.shiftKey:
            self.page.dispatch("undone")
        elif key == "y" or key == "z":
            self.page.dispatch("redone")
        else:
            return
        event.preventDefault()

    def render(self, state: State) -> None:
        """Show the pen where it is."""
        tools = state.tools
        set_flag(self.cursor, "hidden", not tools.cursor_shown)
        if tools.cursor_shown:
            set_attribute(self.cursor, "class", "pad-cursor down" if pen_is_down(state) else "pad-cursor")
            self.cursor.style.left = f"{100 * tools.column / CELLS}%"
            self.cursor.style.top = f"{100 * tools.row / CELLS}%"

    def _show(self, on: bool) -> None:
        if self.page.state.tools.cursor_shown != on:
            self.page.dispatch("cursor_shown", on=on)
