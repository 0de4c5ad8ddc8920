"""The drawing surface: shows the drawing, and keeps a second, hidden picture of its ink.

On the screen the ink has the page's colour and the screen's resolution; the hidden one is white on black and
280 × 280. The network gets it where a drawing is more than a pen's strokes, or is not normalised
(`prediction_requests`). While a stroke grows, only its newest pieces are painted; the straight rests that it grew by
stick out of its curves, and go when the pen is lifted and all is painted again. `pen_input` takes in what the pointer
does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.state.drawing import SIDE, smooth
from scrawl.ui.canvas import ink_picture, inks, new_canvas, set_size
from scrawl.ui.dom import LastShown, by_id, set_flag, set_text, show_notice

if TYPE_CHECKING:
    from typing import Any

    from browser.arrays import Uint8Array

    from scrawl.state.app_state import State
    from scrawl.state.drawing import Drawing, Ground, Piece

    type Context = Any  # a canvas's 2D context

RASTER = int(SIDE)


class PadView:
    """Owns #pad, its hint and its buttons."""

    def __init__(self) -> None:
        self.canvas = by_id("pad")
        self.hint = by_id("pad-hint")
        self.undo, self.redo, self.clear = by_id("undo"), by_id("redo"), by_id("clear")
        self.message = by_id("draw-message")
        self._screen = self.canvas.getContext("2d")
        self.raster = new_canvas(RASTER, RASTER)  # white ink on black
        self._raster = self.raster.getContext("2d", {"willReadFrequently": True})
        self._side = 0  # of the visible canvas, in its own pixels
        self._painted = ((-1, 0), 0, 0)  # rewrites and lifts, strokes, points of the last one that are on the canvas
        self._last = LastShown()
        self.resize()

    def resize(self) -> None:
        """Fit the canvas to its size on the screen and the theme's ink, and paint everything again."""
        side = max(1, round(self.canvas.clientWidth * window.devicePixelRatio))
        if self._side != side:
            self._side = side
            set_size(self.canvas, side, side)
        self._scale = side / SIDE
        self._ink = window.getComputedStyle(self.canvas).color
        self._painted = ((-1, 0), 0, 0)

    def render(self, state: State) -> None:
        """Show the drawing."""
        drawing, notice = state.drawing, state.notices.get("draw")
        self.paint(drawing)  # each time, so that each frame of a page without a pad fails: it is not ready
        if not self._last.differs(drawing.revision, drawing.erasing, notice):
            return
        set_flag(self.hint, "hidden", not drawing.is_blank())
        set_text(self.hint, "The eraser is on" if drawing.erasing else "Draw something")
        set_flag(self.undo, "disabled", not drawing.actions)
        set_flag(self.redo, "disabled", not drawing.undone)
        set_flag(self.clear, "disabled", drawing.is_blank())
        show_notice(self.message, notice)

    def paint(self, drawing: Drawing) -> None:
        """Bring both pictures up to date."""
        strokes, whole = drawing.strokes(), (drawing.rewrites, drawing.lifts)
        before, count, points = self._painted
        if before != whole:
            count = points = 0
            self._start_sheet(drawing.ground())
        for place in range(max(count - 1, 0), len(strokes)):
            first = points if place == count - 1 else 0
            _kind, line, width, erases = strokes[place]
            if len(line) > first:
                pieces = smooth(line, first)
                self._screen.globalCompositeOperation = "destination-out" if erases else "source-over"
                self._stroke(self._screen, self._scale, width, self._ink, pieces)
                self._stroke(self._raster, 1.0, width, "#000" if erases else "#fff", pieces)
        self._painted = (whole, len(strokes), len(strokes[-1][1]) if strokes else 0)

    def pixels(self) -> Uint8Array:
        """Return the hidden picture as RASTER × RASTER bytes."""
        return inks(self._raster, RASTER)

    def _start_sheet(self, ground: Ground) -> None:
        side = self._side
        self._screen.globalCompositeOperation = "source-over"
        self._screen.clearRect(0, 0, side, side)
        self._raster.fillStyle = "#000"
        self._raster.fillRect(0, 0, RASTER, RASTER)
        if ground[0] != "clear":
            width = RASTER if ground[0] == "image" else 28
            self._screen.drawImage(ink_picture(ground[1], self._ink, width), 0, 0, side, side)
            self._raster.drawImage(ink_picture(ground[1], "#fff", width), 0, 0, RASTER, RASTER)

    def _stroke(self, context: Context, scale: float, width: float, ink: str, pieces: list[Piece]) -> None:
        context.setTransform(scale, 0, 0, scale, 0, 0)
        context.lineWidth = width
        context.lineCap = context.lineJoin = "round"
        context.strokeStyle = ink
        context.beginPath()
        context.moveTo(pieces[0][0], pieces[0][1])
        for _x0, _y0, cx, cy, x1, y1 in pieces:
            context.quadraticCurveTo(cx, cy, x1, y1)
        context.stroke()
        context.setTransform(1, 0, 0, 1, 0, 0)
