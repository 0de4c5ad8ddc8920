"""Canvases: how they are made, and pictures of ink on them, one byte a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

if TYPE_CHECKING:
    from typing import Any

    from browser import Element
    from browser.arrays import Uint8Array

    from scrawl.net.interfaces import Bytes

    type Context = Any  # a canvas's 2D context


def set_size(canvas: Element, width: int, height: int) -> None:
    """Give a canvas its number of pixels. Brython's `width` of an element is that of its style."""
    canvas.setAttribute("width", str(width))
    canvas.setAttribute("height", str(height))


def new_canvas(width: int, height: int) -> Element:
    """Return a canvas that is not on the page."""
    canvas = document.createElement("canvas")
    set_size(canvas, width, height)
    return canvas


def inks(context: Context, side: int) -> Uint8Array:
    """Return the bytes of a square picture that is white on black."""
    colours = context.getImageData(0, 0, side, side).data
    # The lowest byte of each pixel is its ink, and converting keeps the lowest byte.
    return window.Uint8Array.new(window.Uint32Array.new(colours.buffer))


def ink_picture(picture: Bytes, ink: str, width: int = 28) -> Element:
    """Return a canvas with the bytes of a picture as the opacity of the ink."""
    values = window.Uint32Array.new(picture)
    height = values.length // width
    canvas = new_canvas(width, height)
    context = canvas.getContext("2d")
    image = context.createImageData(width, height)
    # A byte in each pixel's first place; then three places on, where the opacity is.
    widened = window.Uint8Array.new(values.buffer)
    image.data.set(widened.subarray(0, widened.length - 3), 3)
    context.putImageData(image, 0, 0)
    context.globalCompositeOperation = "source-in"
    context.fillStyle = ink
    context.fillRect(0, 0, width, height)
    return canvas
