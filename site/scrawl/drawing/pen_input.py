"""Turns what mouse, pen and fingers do on the pad into events of the state.

One pointer draws at a time. A pen takes over from a finger, which was the palm: what the palm has drawn is dropped,
and touches are ignored while the pen is near. A pointer whose end the browser does not report counts as lifted as
soon as that can be noticed. Time is when something happened, not when a busy page hears of it. The browser's
coalesced events are used where it has them, so that a fast stroke is not cut into corners.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.state.drawing import to_surface

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Element, Event

STALE = 1000  # milliseconds without an event after which a pointer that draws gives way to another
PEN_NEAR = 2000  # milliseconds since the pen was last noticed in which touches are the hand that holds it


class PenInput:
    """Follows the pointer that draws on the canvas. `dispatch(event, **fields)` changes the state."""

    def __init__(self, canvas: Element, dispatch: Callable[..., None]) -> None:
        self.canvas = canvas
        self.dispatch = dispatch
        self.active: int | None = None  # id of the pointer that draws
        self._kind = ""  # its type: mouse, pen or touch
        self._heard = 0.0  # when it last did something, in milliseconds
        self._pen_seen: float = -PEN_NEAR  # when, in milliseconds
        self._touch_cancelled: float = -PEN_NEAR  # when the browser last ended a touch that was drawing
        for name, handler in (
            ("pointerdown", self.down),
            ("pointermove", self.move),
            ("pointerup", self.up),
            ("pointercancel", self.cancel),
            ("lostpointercapture", self.up),
        ):
            canvas.bind(name, handler)
        window.addEventListener("blur", lambda _event: self._let_go())

    def down(self, event: Event) -> None:
        """Start a stroke, unless another pointer is drawing or this is not the main button."""
        self._notice_pen(event)
        if event.button != 0 or not self._may_draw(event):
            return
        if event.pointerType == "pen" and self._palm_has_drawn(event):
            self.dispatch("stroke_dropped")
        self._touch_cancelled = -PEN_NEAR
        self.active, self._kind, self._heard = event.pointerId, event.pointerType, event.timeStamp
        self._capture(event.pointerId)
        event.preventDefault()
        x, y = self._places([event])[0]
        self.dispatch("pen_down", x=x, y=y)

    def move(self, event: Event) -> None:
        """Lengthen the stroke, or end it if the pointer was lifted unnoticed."""
        self._notice_pen(event)
        if event.pointerId != self.active:
            return
        if not _is_pressed(event):
            self._let_go()
            return
        self._heard = event.timeStamp
        moves = event.getCoalescedEvents() if hasattr(window.PointerEvent.prototype, "getCoalescedEvents") else []
        self.dispatch("pen_moved", points=self._places(list(moves) or [event]))

    def up(self, event: Event) -> None:
        """End the stroke."""
        self._notice_pen(event)
        if event.pointerId == self.active:
            self._let_go()

    def cancel(self, event: Event) -> None:
        """End the stroke; if a pen follows, it was the palm's."""
        if event.pointerId == self.active and event.pointerType == "touch":
            self._touch_cancelled = event.timeStamp
            if self._is_pen_near(event):
                self.dispatch("stroke_dropped")
        self.up(event)

    def _may_draw(self, event: Event) -> bool:
        """Tell whether a pointer that comes down draws from now on."""
        if event.pointerType == "touch" and self._is_pen_near(event):
            return False
        if self.active is None or event.pointerId == self.active:
            return True
        if event.pointerType == "pen" or event.timeStamp - self._heard > STALE:
            return True
        # The first pointer of a type comes only when none of that type is left: that one's end was not reported.
        return bool(event.isPrimary) and event.pointerType == self._kind

    def _palm_has_drawn(self, event: Event) -> bool:
        cancelled = event.timeStamp - self._touch_cancelled < PEN_NEAR
        return cancelled if self.active is None else self._kind == "touch"

    def _notice_pen(self, event: Event) -> None:
        if event.pointerType == "pen":
            self._pen_seen = event.timeStamp

    def _is_pen_near(self, event: Event) -> bool:
        return bool(event.timeStamp - self._pen_seen < PEN_NEAR)

    def _let_go(self) -> None:
        if self.active is not None:
            self.active = None
            self.dispatch("pen_lifted")

    def _capture(self, pointer: int) -> None:
        try:
            self.canvas.setPointerCapture(pointer)
        except Exception:  # it was lifted meanwhile, or a program made the event: then it draws only on the pad
            return

    def _places(self, events: list[Event]) -> list[tuple[float, float]]:
        """Return where events are on the surface, wherever that is on the screen by now."""
        box = self.canvas.getBoundingClientRect()
        return [
            to_surface(event.clientX, event.clientY, (box.left, box.top, box.width, box.height)) for event in events
        ]


def _is_pressed(event: Event) -> bool:
    """Tell whether a moving pointer still draws: a mouse by its main button, a pen or finger by touching."""
    return bool(event.buttons & 1 if event.pointerType == "mouse" else event.buttons)
