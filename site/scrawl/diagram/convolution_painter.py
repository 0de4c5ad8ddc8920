"""Paints one step of a convolution: the drawing with its window, nine products, their sum, and the map so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.diagram.convolution_layout import ConvolutionLayout
from scrawl.diagram.convolution_steps import SIDE, convolve, pixels_under, value_of
from scrawl.ui.canvas import ink_picture
from scrawl.ui.theme_colours import theme_colours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from browser import Element

    from scrawl.diagram.convolution_layout import Square
    from scrawl.net.interfaces import Bytes
    from scrawl.ui.canvas import Context


class ConvolutionPainter:
    """Paints on one canvas. `pictures` are where drawing and map were painted last."""

    def __init__(self, canvas: Element) -> None:
        self.context: Context = canvas.getContext("2d")
        self.pictures: list[Square] = []
        self.colours: dict[str, str] = {}
        self.font = "sans-serif"
        self._values: tuple[object, list[float], list[float]] = (0, [], [])  # of a picture and weights

    def repaint(self) -> None:
        """Take the theme's colours again."""
        self.colours = theme_colours()
        self.font = str(window.getComputedStyle(document.body).fontFamily)

    def paint(
        self, picture: Bytes | None, weights: Sequence[float], place: int, size: tuple[float, float], scale: float
    ) -> None:
        """Paint the step at which the window is at a place."""
        if not self.colours:
            self.repaint()
        context, where = self.context, ConvolutionLayout(*size)
        self.pictures = [where.drawing, where.map]
        context.setTransform(scale, 0, 0, scale, 0, 0)
        context.clearRect(0, 0, *size)
        context.imageSmoothingEnabled = False
        values = self._all_values(picture, weights)
        self._paint_drawing(where.drawing, picture)
        self._paint_map(where.map, values, place)
        self._window(where.drawing, place, 1)
        self._window(where.map, place, 0)
        pixels = pixels_under(picture, place)
        self._grid(where.pixels, pixels, self._ink_colour, 1.0)
        self._grid(where.weights, weights[:9], self._sign_colour, max([abs(w) for w in weights[:9]]) or 1.0)
        self._paint_sum(where, value_of(pixels, weights), weights[9], max([*values, 0.0]))
        for text, (x, y, side) in (
            ("Drawing", where.drawing), ("Map", where.map), ("Pixels", where.pixels), ("Weights", where.weights),
        ):  # fmt: skip
            self._text(text, x + side / 2, y - 9, 12, "muted")

    def _all_values(self, picture: Bytes | None, weights: Sequence[float]) -> list[float]:
        known_picture, known_weights, values = self._values
        if known_picture is not picture or known_weights != weights:
            values = convolve(picture, weights)
            self._values = (picture, [*weights], values)
        return values

    def _paint_drawing(self, place: Square, picture: Bytes | None) -> None:
        x, y, side = place
        self._box(place, "sunken", "line-strong")
        if picture is not None:
            self.context.drawImage(ink_picture(picture, self.colours["ink"]), x, y, side, side)

    def _paint_map(self, place: Square, values: Sequence[float], until: int) -> None:
        """Paint what the window has found so far; what is still to come is faint."""
        x, y, side = place
        self._box(place, "paper", "line-strong")
        most = max([*values, 0.0])
        if most <= 0:
            return
        context, cell = self.context, side / SIDE
        context.fillStyle = self.colours["positive"]
        for number, value in enumerate(values):
            if value > 0:
                context.globalAlpha = value / most * (1 if number <= until else 0.22)
                context.fillRect(x + number % SIDE * cell, y + number // SIDE * cell, cell, cell)
        context.globalAlpha = 1

    def _window(self, place: Square, window_number: int, around: int) -> None:
        x, y, side = place
        cell = side / SIDE
        row, column = window_number // SIDE - around, window_number % SIDE - around
        self.context.strokeStyle, self.context.lineWidth = self.colours["accent"], 2.5
        span = (2 * around + 1) * cell
        self.context.strokeRect(x + column * cell - 1, y + row * cell - 1, span + 2, span + 2)

    def _grid(self, place: Square, numbers: Sequence[float], colour: Callable[[float], str], most: float) -> None:
        """Paint nine numbers as coloured cells, and write them where there is room."""
        x, y, side = place
        cell = side / 3
        context = self.context
        for number, value in enumerate(numbers):
            left, top = x + number % 3 * cell, y + number // 3 * cell
            self._box((left, top, cell), "paper", "line")
            share = min(1.0, abs(value) / most)
            context.fillStyle, context.globalAlpha = colour(value), share * 0.85
            context.fillRect(left, top, cell, cell)
            context.globalAlpha = 1
            if cell >= 26:
                text = f"{value:.1f}".replace("-", "−")
                self._text(
                    text, left + cell / 2, top + cell / 2, min(14, cell * 0.4), "surface" if share > 0.6 else "ink"
                )

    def _paint_sum(self, where: ConvolutionLayout, value: float, bias: float, most: float) -> None:
        for sign, x in zip("×=", where.signs, strict=True):
            self._text(sign, x, where.middle, 18, "muted")
        x, y, side = where.sum
        self._box(where.sum, "paper", "accent")
        if value > 0 and most > 0:
            self.context.globalAlpha, self.context.fillStyle = min(1.0, value / most), self.colours["positive"]
            self.context.fillRect(x, y, side, side)
            self.context.globalAlpha = 1
        share = value / most if most > 0 else 0.0
        self._text(
            f"{value:.2f}".replace("-", "−"), x + side / 2, y + side / 2, 14, "surface" if share > 0.6 else "ink"
        )
        self._text(f"bias {bias:+.2f}".replace("-", "−"), x + side / 2, y + side + 9, 11, "muted")

    def _ink_colour(self, _value: float) -> str:
        return self.colours["ink"]

    def _sign_colour(self, value: float) -> str:
        return self.colours["positive" if value > 0 else "negative"]

    def _box(self, place: Square, fill: str, line: str) -> None:
        x, y, side = place
        context = self.context
        context.fillStyle, context.strokeStyle, context.lineWidth = self.colours[fill], self.colours[line], 1
        context.fillRect(x, y, side, side)
        context.strokeRect(x - 0.5, y - 0.5, side + 1, side + 1)

    def _text(self, text: str, x: float, y: float, size: float, colour: str) -> None:
        context = self.context
        context.font, context.fillStyle = f"600 {size:.0f}px {self.font}", self.colours[colour]
        context.textAlign, context.textBaseline = "center", "middle"
        context.fillText(text, x, y)
