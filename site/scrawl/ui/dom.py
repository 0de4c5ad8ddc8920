"""Small helpers for the views: elements by id, and changes that touch the page only where something differs."""

from browser import document


def by_id(name: str) -> object:
    """Return the element with that id."""
    return document[name]


def set_text(element: object, text: str) -> None:
    """Show a text."""
    if element.textContent != text:
        element.textContent = text


def set_attribute(element: object, name: str, value: str) -> None:
    """Set an attribute."""
    if element.getAttribute(name) != value:
        element.setAttribute(name, value)


def set_flag(element: object, name: str, on: bool) -> None:
    """Set a property that is true or false, such as hidden or disabled."""
    if getattr(element, name) != on:
        setattr(element, name, on)


def show_notice(element: object, notice: object) -> None:
    """Show a message in its place, or nothing."""
    set_flag(element, "hidden", notice is None)
    set_text(element, notice.text if notice else "")
    set_attribute(element, "data-tone", notice.tone if notice else "quiet")
