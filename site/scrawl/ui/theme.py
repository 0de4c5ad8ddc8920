"""The switch between light and dark, remembered in this browser.

What the page begins with is decided in `index.html`, before anything is painted. A choice that agrees with the
system's is not kept: then the page follows the system again.
"""

from browser import document
from browser import self as window

from scrawl.storage.preferences import keep
from scrawl.ui.dom import by_id, set_attribute

NAME = "scrawl.theme"


class Theme:
    """Owns #theme and the root's `data-theme`. `repaint()` is called when the colours have changed."""

    def __init__(self, repaint: object) -> None:
        self.root = document.documentElement
        self.button = by_id("theme")
        self.repaint = repaint
        self._system = window.matchMedia("(prefers-color-scheme: dark)")
        self._system.addEventListener("change", lambda _event: self.show(self.of_system()))
        self.button.bind("click", lambda _event: self.toggle())
        self.button.disabled = False
        self.show(self.root.getAttribute("data-theme"))

    def of_system(self) -> str:
        """Return the theme that the system prefers."""
        return "dark" if self._system.matches else "light"

    def toggle(self) -> None:
        """Change to the other theme, and remember it."""
        theme = "light" if self.root.getAttribute("data-theme") == "dark" else "dark"
        keep(NAME, None if theme == self.of_system() else theme)
        self.show(theme)

    def show(self, theme: str) -> None:
        """Have the page in this theme."""
        set_attribute(self.root, "data-theme", theme)
        set_attribute(self.button, "aria-pressed", "true" if theme == "dark" else "false")
        paper = window.getComputedStyle(document.body).backgroundColor
        for meta in document.select("meta[name=theme-color]"):
            meta.setAttribute("content", paper)
        self.repaint()
