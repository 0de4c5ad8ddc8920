"""Which room this tab is in, so that a reload finds it again.

It is in the tab's session storage and not in the address: a code gives rights, and addresses are copied, shown on
projectors and kept in histories. It is gone when the tab is closed, or leaves the room.
"""

from __future__ import annotations

from browser import self as window

KEY = "scrawl.room"


def remember(model: str, code: str) -> None:
    """Remember a room, its owner's code where this tab has that; without a code, that there is none."""
    try:
        if code:
            window.sessionStorage.setItem(KEY, f"{model} {code}")
        else:
            window.sessionStorage.removeItem(KEY)
    except Exception:  # storage is closed to the page
        window.console.info("a reload will leave the room: this browser remembers nothing")


def remembered() -> tuple[str, str] | None:
    """Return a room's network and code."""
    try:
        model, _, code = (window.sessionStorage.getItem(KEY) or "").partition(" ")
    except Exception:
        return None
    return (model, code) if model and code else None
