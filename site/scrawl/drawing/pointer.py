"""What mouse, pen and fingers do on the drawing surface, as events of the state.

One pointer draws at a time; others are ignored until it is lifted. The browser's coalesced events are used where it
has them, so that a fast stroke is not cut into corners.
"""

from browser import self as window

from scrawl.drawing.drawing import to_surface


class Pointer:
    """Follows the pointer that draws on the canvas. `dispatch(event, **fields)` changes the state."""

    def __init__(self, canvas: object, dispatch: object) -> None:
        self.canvas = canvas
        self.dispatch = dispatch
        self.active = None  # its id
        self._box: tuple = ()
        for name, handler in (("down", self.down), ("move", self.move), ("up", self.up), ("cancel", self.up)):
            canvas.bind(f"pointer{name}", handler)

    def down(self, event: object) -> None:
        """Begin a stroke, unless another pointer is drawing or this is not the main button."""
        if self.active is not None or event.button != 0:
            return
        self.active = event.pointerId
        self.canvas.setPointerCapture(event.pointerId)
        box = self.canvas.getBoundingClientRect()
        self._box = (box.left, box.top, box.width, box.height)
        event.preventDefault()
        x, y = to_surface(event.clientX, event.clientY, self._box)
        self.dispatch("pen_down", x=x, y=y)

    def move(self, event: object) -> None:
        """Lengthen the stroke."""
        if event.pointerId != self.active:
            return
        moves = event.getCoalescedEvents() if hasattr(window.PointerEvent.prototype, "getCoalescedEvents") else []
        moves = list(moves) or [event]
        self.dispatch("pen_moved", points=[to_surface(move.clientX, move.clientY, self._box) for move in moves])

    def up(self, event: object) -> None:
        """End the stroke."""
        if event.pointerId == self.active:
            self.active = None
