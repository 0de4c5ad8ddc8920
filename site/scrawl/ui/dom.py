"""Small helpers for the views: elements by id, and changes that touch the page only where something differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

if TYPE_CHECKING:
    from browser import Element

    from scrawl.state.app_state import Notice


def by_id(name: str) -> Element:
    """Return the element with that id."""
    element: Element = document[name]
    return element


def type_size() -> float:
    """Return the pixels of the page's type."""
    return float(window.getComputedStyle(document.documentElement).fontSize.removesuffix("px"))


def set_text(element: Element, text: str) -> None:
    """Show a text."""
    if element.textContent != text:
        element.textContent = text


def set_attribute(element: Element, name: str, value: str) -> None:
    """Set an attribute."""
    if element.getAttribute(name) != value:
        element.setAttribute(name, value)


def set_flag(element: Element, name: str, on: bool) -> None:
    """Set a property that is true or false, such as hidden or disabled."""
    if getattr(element, name) != on:
        setattr(element, name, on)


def set_hidden(element: Element, hidden: bool, refuge: Element) -> None:
    """Hide a group of controls, or show it. A focus in what is hidden goes to `refuge`, or it would be lost."""
    focused = document.activeElement
    lost = hidden and focused is not None and element.contains(focused)
    set_flag(element, "hidden", hidden)
    if lost:
        refuge.focus()


class LastShown:
    """What a view showed last. While the network trains, most views have nothing new to show, ten times a second."""

    def __init__(self) -> None:
        self._shown: tuple[object, ...] = ()

    def differs(self, *shown: object) -> bool:
        """Return whether this differs from what was shown last, and take it as shown; a list counts by its items."""
        if shown == self._shown:
            return False
        self._shown = shown
        return True


def show_notice(element: Element, notice: Notice | None) -> None:
    """Show a message in its place, or nothing."""
    set_flag(element, "hidden", notice is None)
    set_text(element, notice.text if notice else "")
    set_attribute(element, "data-tone", notice.tone if notice else "quiet")
