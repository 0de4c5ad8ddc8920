"""The address of a room, as text and as a QR code that a class can read from the wall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.together import qr_code
from scrawl.ui.dom import set_flag

if TYPE_CHECKING:
    from browser import Element

QUIET = 4  # modules of white around the code, in the dark theme, too
LOCAL = ("localhost", "127.0.0.1", "[::1]")
NOT_FOR_OTHERS = (
    "Others cannot open this address: it means their own device. Start Scrawl with scrawl serve --host 0.0.0.0, and "
    "open this page at the address that it then prints."
)


class RoomAddress:
    """Shows where the others join, while this tab is in a room."""

    def __init__(self) -> None:
        self.element = document.createElement("div")
        self.element.id = "room-address"
        self._shown = ""

    def render(self, code: str) -> None:
        """Show the address of a room, given the part of its code that all have; without a code, nothing."""
        set_flag(self.element, "hidden", not code)
        if code == self._shown:
            return
        self._shown = code
        self.element.innerHTML = ""
        if not code:
            return
        location = window.location
        address = f"{location.origin}{location.pathname}#room={code}"
        self.element.appendChild(_paragraph(f"Room {code}: {address}"))
        if location.hostname in LOCAL:
            self.element.appendChild(_paragraph(NOT_FOR_OTHERS))
        elif len(address) <= qr_code.MOST_BYTES:
            picture = document.createElement("div")
            picture.className = "qr"
            picture.innerHTML = svg(qr_code.modules(address))
            self.element.appendChild(picture)


def svg(rows: list[str]) -> str:
    """Return a QR code as a picture: black on white whatever the theme, since not every camera reads it otherwise."""
    side = len(rows) + 2 * QUIET
    dark = [
        f"M{column + QUIET} {line + QUIET}h1v1h-1z"
        for line, row in enumerate(rows)
        for column, bit in enumerate(row)
        if bit == "1"
    ]
    return (
        f'<svg viewBox="0 0 {side} {side}" role="img" aria-label="QR code of the room\'s address" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/>'
        f'<path fill="#000" d="{"".join(dark)}"/></svg>'
    )


def _paragraph(text: str) -> Element:
    made = document.createElement("p")
    made.className = "hint"
    made.textContent = text
    return made
