"""Small choices that this browser remembers: light or dark, and which captions of a first visit are closed.

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

    from browser import Element, Event

THEME, CAPTIONS = "scrawl.theme", "scrawl.captions"  # keys in localStorage


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


class Captions:
    """Owns the three captions of a first visit. The root's `data-captions` lists those that are open."""

    def __init__(self) -> None:
        self.root = document.documentElement
        for caption in document.select(".caption"):
            caption.select_one("button").bind("click", self._closer(caption))

    def _closer(self, caption: Element) -> Callable[[Event], None]:
        def close(_event: Event) -> None:
            left = (self.root.getAttribute("data-captions") or "").replace(caption.dataset.caption, "") or "none"
            set_attribute(self.root, "data-captions", left)
            remember(CAPTIONS, left)
            caption.closest("section").querySelector("button:not(:disabled)").focus()

        return close


def remember(name: str, value: str | None) -> None:
    """Store a choice, or forget it."""
    try:
        if value is None:
            window.localStorage.removeItem(name)
        else:
            window.localStorage.setItem(name, value)
    except Exception:  # the browser refuses storage, or it is full: the choice holds for this visit
        return
