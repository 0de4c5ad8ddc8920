"""The tabs below the lab: which panel is shown, and on a phone which part of the page.

The root's `data-tab` names the chosen one; the styles say what that shows on which screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.ui.dom import set_attribute

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Event


class Tabs:
    """Owns the root's `data-tab` and `.tabs`' buttons. `repaint()` is called when other parts are to be seen."""

    def __init__(self, repaint: Callable[[], None]) -> None:
        self.root = document.documentElement
        self.repaint = repaint
        self.bar = document.select_one(".tabs")
        self.buttons = self.bar.select("button")
        for button in self.buttons:
            button.bind("click", lambda event: self.press(event.currentTarget.dataset.tab))
        document.select_one(".skip").bind("click", self._skip)

    def press(self, name: str) -> None:
        """Show what a tab's button stands for, from its top."""
        self.show(name)
        if window.getComputedStyle(self.bar).position == "fixed":  # on a phone, where a tab is all there is
            window.scrollTo(0, 0)
        else:
            self.bar.scrollIntoView()

    def show(self, name: str) -> None:
        """Show a tab."""
        set_attribute(self.root, "data-tab", name)
        for button in self.buttons:
            if button.dataset.tab == name:
                set_attribute(button, "aria-current", "true")
            else:
                button.removeAttribute("aria-current")
        self.repaint()

    def _skip(self, _event: Event) -> None:
        self.show("train")
