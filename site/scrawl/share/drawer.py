"""Parts of the page that open on demand: a `details` element whose content is made on first opening; its controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document

from scrawl.ui.dom import by_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Element, Event


class Drawer:
    """One drawer in #share. `fill(body)` is called when it is opened for the first time."""

    def __init__(self, name: str, title: str, hint: str, fill: Callable[[Element], object]) -> None:
        self.element = document.createElement("details")
        self.element.id = name
        self.element.className = "drawer"
        self.element.innerHTML = (
            f'<summary><span>{title}</span> <span class="hint">{hint}</span></summary><div class="drawer-body"></div>'
        )
        self.body = self.element.querySelector(".drawer-body")
        self.filled = False
        self._fill = fill
        self.element.bind("toggle", self._fill_once)
        by_id("share").appendChild(self.element)

    @property
    def is_open(self) -> bool:
        """Whether its content can be seen, and has been made."""
        return self.filled and bool(self.element.open)

    def open(self) -> None:
        """Show the content."""
        self.element.open = True
        self._fill_once(None)

    def _fill_once(self, _event: Event | None) -> None:
        if self.element.open and not self.filled:
            self.filled = True
            self._fill(self.body)


def button(text: str, action: Callable[[], object], title: str = "", name: str = "") -> Element:
    """Return a button that does something when it is pressed."""
    made = document.createElement("button")
    made.setAttribute("type", "button")
    made.textContent = text
    if title:
        made.setAttribute("title", title)
    if name:
        made.id = name
    made.bind("click", lambda _event: action())
    return made


def message(name: str) -> Element:
    """Return an empty place for a notice."""
    made = document.createElement("p")
    made.id, made.className, made.hidden = name, "message", True
    made.setAttribute("role", "status")
    return made


def row(label: str, *controls: Element) -> Element:
    """Return controls side by side, as a group with a name."""
    made = document.createElement("div")
    made.className = "row"
    made.setAttribute("role", "group")
    made.setAttribute("aria-label", label)
    for control in controls:
        made.appendChild(control)
    return made
