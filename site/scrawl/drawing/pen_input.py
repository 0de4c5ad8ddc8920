"""Turns what mouse, pen and fingers do on the pad into events of the state.

One pointer draws at a time; others are ignored until it is lifted. The browser's coalesced events are used where it
has them, so that a fast stroke is not cut into corners.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.state.drawing import to_surface

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Element, Event


class PenInput:
    """Follows the pointer that draws on the canvas. `dispatch(event, **fields)` changes the state."""

    def __init__(self, canvas: Element, dispatch: Callable[..., None]) -> None:
        self.canvas = canvas
        self.dispatch = dispatch
        self.active: int | None = None  # its id
        self._box = (0.0, 0.0, 1.0, 1.0)  # left, top, width and height of the canvas on the screen
        for name, handler in (("down", self.down), ("move", self.move), ("up", self.up), ("cancel", self.up)):
            canvas.bind(f"pointer{name}", handler)

    def down(self, event: Event) -> None:
        """Start a stroke, unless another pointer is drawing or this is not the main button."""
        if self.active is not None or event.button != 0:
            return
        self.canvas.setPointerCapture(event.pointerId)
        self.active = event.pointerId
        box = self.canvas.getBoundingClientRect()
        self._box = (box.left, box.top, box.width, box.height)
        event.preventDefault()
        x, y = to_surface(event.clientX, event.clientY, self._box)
        self.dispatch("pen_down", x=x, y=y)

    def move(self, event: Event) -> None:
        """Lengthen the stroke."""
        if event.pointerId != self.active:
            return
        moves = event.getCoalescedEvents() if hasattr(window.PointerEvent.prototype, "getCoalescedEvents") else []
        moves = list(moves) or [event]
        self.dispatch("pen_moved", points=[to_surface(move.clientX, move.clientY, self._box) for move in moves])

    def up(self, event: Event) -> None:
        """End the stroke."""
        if event.pointerId == self.active:
            self.active = None
