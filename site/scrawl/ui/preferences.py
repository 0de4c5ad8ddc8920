"""How the page looks, by choice: light or dark, which this browser remembers, and large for a projector.

What the page starts with is decided in `index.html`, before anything is painted. Where the browser's storage is
closed to the page, a choice lasts until the page is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.ui.dom import by_id, set_attribute

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Event

THEME = "scrawl.theme"  # key in localStorage


class Theme:
    """Owns #theme and the root's `data-theme`. `repaint()` is called when the colours have changed.

    A choice that agrees with the system's is not stored: then the page follows the system again.
    """

    def __init__(self, repaint: Callable[[], None]) -> None:
        self.root = document.documentElement
        self.button = by_id("theme")
        self.repaint = repaint
        self._system = window.matchMedia("(prefers-color-scheme: dark)")
        self._system.addEventListener("change", lambda _event: self.show(self.of_system()))
        self.button.bind("click", lambda _event: self.toggle())
        self.button.disabled = False
        self.show(self.root.getAttribute("data-theme") or "light")

    def of_system(self) -> str:
        """Return the theme that the system prefers."""
        return "dark" if self._system.matches else "light"

    def toggle(self) -> None:
        """Change to the other theme, and remember it."""
        theme = "light" if self.root.getAttribute("data-theme") == "dark" else "dark"
        remember(THEME, None if theme == self.of_system() else theme)
        self.show(theme)

    def show(self, theme: str) -> None:
        """Show the page in this theme."""
        set_attribute(self.root, "data-theme", theme)
        set_attribute(self.button, "aria-pressed", "true" if theme == "dark" else "false")
        paper = window.getComputedStyle(document.body).backgroundColor
        for meta in document.select("meta[name=theme-color]"):
            meta.setAttribute("content", paper)
        self.repaint()


class Projector:
    """Owns #projector and the root's `data-projector`: everything larger, turned on and off by key P as well."""

    def __init__(self, repaint: Callable[[], None]) -> None:
        self.root = document.documentElement
        self.button = by_id("projector")
        self.repaint = repaint
        self.button.bind("click", lambda _event: self.toggle())
        document.bind("keydown", self._press)
        self.button.disabled = False
        set_attribute(self.button, "aria-pressed", "false")

    def toggle(self) -> None:
        """Turn it on or off."""
        on = self.root.getAttribute("data-projector") != "on"
        set_attribute(self.root, "data-projector", "on" if on else "off")
        set_attribute(self.button, "aria-pressed", "true" if on else "false")
        self.repaint()

    def _press(self, event: Event) -> None:
        typing = event.target.tagName in ("INPUT", "SELECT", "TEXTAREA")
        if event.key in ("p", "P") and not (typing or event.ctrlKey or event.metaKey or event.altKey):
            self.toggle()


def remember(name: str, value: str | None) -> None:
    """Store a choice, or forget it."""
    try:
        if value is None:
            window.localStorage.removeItem(name)
        else:
            window.localStorage.setItem(name, value)
    except Exception:  # the browser refuses storage, or it is full: the choice holds for this visit
        return
