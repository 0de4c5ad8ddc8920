"""Small choices that this browser remembers. Where its storage is closed to the page, they last until it is left."""

from browser import self as window


def keep(name: str, value: str | None) -> None:
    """Remember a value, or forget it."""
    try:
        if value is None:
            window.localStorage.removeItem(name)
        else:
            window.localStorage.setItem(name, value)
    except Exception:  # the browser refuses storage, or it is full: the choice holds for this visit
        return
