"""Image files that become the drawing: chosen, pasted or dropped. The worker tells their ink from their paper.

The browser decodes a file, and the page scales it down. If a file cannot be used, a notice below the pad says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window

from scrawl.drawing.pad_view import RASTER
from scrawl.ui.canvas import ink_picture, inks, new_canvas
from scrawl.ui.dom import by_id

if TYPE_CHECKING:
    from typing import Any

    from browser import Event
    from browser.arrays import Uint8Array

    from scrawl.app.page import Page

    type File = Any  # the browser's, as are ImageBitmap and FileList

MOST_BYTES = 20_000_000
MOST_PIXELS = 20_000_000  # a phone's camera makes 12 million
WORK_SIDE = 320  # pixels: larger images are scaled down to it, which a digit does not notice, and grain does


class ImageImport:
    """Owns the image button, the pad as a place to drop on, and the clipboard's images."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frame = by_id("pad").parentElement
        self.file = by_id("image-file")
        self._number = 0  # of the image that was asked about last
        by_id("image").bind("click", lambda _event: self.file.click())
        self.file.bind("change", self._chosen)
        document.bind("paste", self._pasted)
        # Anywhere on the page, since a file that misses the pad would otherwise be opened instead of the page.
        document.bind("dragover", self._dragged)
        document.bind("dragleave", lambda _event: self._mark(False))
        document.bind("drop", self._dropped)
        page.handle_report("ink_found", self._show)

    def _chosen(self, _event: Event) -> None:
        self._read(self.file.files)
        self.file.value = ""  # so that the same file can be chosen again

    def _pasted(self, event: Event) -> None:
        if event.clipboardData.files.length:
            event.preventDefault()
            self._read(event.clipboardData.files)

    def _dragged(self, event: Event) -> None:
        if event.dataTransfer.types.includes("Files"):
            event.preventDefault()
            self._mark(True)

    def _dropped(self, event: Event) -> None:
        self._mark(False)
        # `files.weight_files` has taken files of weights by then.
        if event.dataTransfer.files.length and not event.defaultPrevented:
            event.preventDefault()
            self._read(event.dataTransfer.files)

    def _mark(self, on: bool) -> None:
        self.frame.classList.toggle("dropping", on)

    def _read(self, files: Any) -> None:
        aio.run(self._import(files[0]))

    async def _import(self, file: File) -> None:
        self._number += 1
        number = self._number
        problem = unusable(file.name, file.type, file.size)
        if problem:
            self._notify(problem)
            return
        try:
            bitmap = await window.createImageBitmap(file)
        except Exception:
            self._notify(
                f"{file.name} cannot be read: it is damaged, or this browser does not know its kind (such as HEIC, "
                "from an iPhone). Save it as JPEG or PNG."
            )
            return
        if bitmap.width * bitmap.height > MOST_PIXELS:
            self._notify(f"{file.name} has {bitmap.width} × {bitmap.height} pixels; at most 20 million can be read.")
            return
        width, height = fitted(bitmap.width, bitmap.height, WORK_SIDE)
        self.page.send(
            "find_ink", number=number, width=width, height=height, colours=colours_of(bitmap, width, height)
        )

    def _show(
        self, number: int, width: int, height: int, ink: Uint8Array | None, angle: float, warnings: list[str]
    ) -> None:
        if number != self._number:
            return
        if ink is None:
            self._notify("Nothing is drawn in this image: one colour, or none that stands out from the rest.")
            return
        picture = on_raster(ink, width, height, angle)
        self.page.dispatch("image_shown", picture=picture, warnings=[str(code) for code in warnings])

    def _notify(self, text: str) -> None:
        self.page.dispatch("noticed", place="draw", text=text, tone="error")


def unusable(name: str, kind: str, size: int) -> str:
    """Return what is wrong with a file, as far as can be said without opening it, or nothing."""
    if not kind.startswith("image/"):
        return f"{name} is no image ({kind or 'of an unknown kind'}): expected a PNG, JPEG, WebP, GIF or BMP file."
    if size > MOST_BYTES:
        return f"{name} has more than {MOST_BYTES // 1_000_000} MB: please make it smaller."
    return ""


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size of a picture that fits the square, its aspect kept; none is enlarged."""
    scale = min(1, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def colours_of(bitmap: Any, width: int, height: int) -> Uint8Array:
    """Return an image's colours and opacity, width × height × 4 bytes."""
    canvas = new_canvas(width, height)
    context = canvas.getContext("2d", {"willReadFrequently": True})
    context.imageSmoothingQuality = "high"
    context.drawImage(bitmap, 0, 0, width, height)
    bitmap.close()
    return window.Uint8Array.new(context.getImageData(0, 0, width, height).data.buffer)


def on_raster(ink: Uint8Array, width: int, height: int, angle: float) -> Uint8Array:
    """Return ink as 280×280 bytes: the picture as large as it can be, in the middle, turned clockwise by degrees."""
    turn = window.Math.PI * angle / 180
    cosine, sine = window.Math.cos(turn), abs(window.Math.sin(turn))
    scale = RASTER / max(width * cosine + height * sine, width * sine + height * cosine)
    across, down = width * scale, height * scale
    context = new_canvas(RASTER, RASTER).getContext("2d", {"willReadFrequently": True})
    context.fillStyle = "#000"
    context.fillRect(0, 0, RASTER, RASTER)
    context.imageSmoothingQuality = "high"
    context.translate(RASTER / 2, RASTER / 2)
    context.rotate(turn)
    context.drawImage(ink_picture(ink, "#fff", width), -across / 2, -down / 2, across, down)
    return inks(context, RASTER)
