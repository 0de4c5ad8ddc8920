"""Keeps the prediction up to date with the drawing: one request to the worker at a time.

Pen strokes go to the worker as a path, which it scales before it draws them. Where an eraser was used, or a sample or
an image is beneath, the pad's ink goes there instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.drawing.ink_path import InkPath
from scrawl.drawing.pad_view import RASTER

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser.arrays import Uint8Array

    from scrawl.app.page import Page
    from scrawl.drawing.pad_view import PadView
    from scrawl.net.interfaces import Bytes
    from scrawl.state.app_state import State
    from scrawl.state.drawing import Drawing

PIXELS = 784
INK = 26  # the first value that counts as ink, as in `normalise.c`


class PredictionRequests:
    """Requests a prediction whenever the drawing has changed, and again if it changed meanwhile."""

    def __init__(self, page: Page, pad: PadView) -> None:
        self.page = page
        self.pad = pad
        self.path = InkPath()
        self.requested = -1  # revision of the drawing that the last request was about
        self.waiting = False
        # Returns the drawing's 784 bytes where they are not to be normalised, else None. `NetworkInputView` sets it.
        self.raw_picture: Callable[[], Uint8Array | None] = lambda: None
        page.handle_report("predicted", self.receive)
        page.on_report("opened", self.restart)
        page.on_change(self.request)

    def restart(self, **_opened: Any) -> None:
        """Request again, whatever was requested before: another network answers now, or another picture is meant."""
        self.requested, self.waiting = -1, False
        self.page.request_render()

    def request(self, state: State) -> None:
        """Request a prediction, if there is something new and no answer is due."""
        if self.waiting or not state.record.opened or self.requested == state.drawing.revision:
            return
        self.waiting = True
        self.requested = state.drawing.revision
        self._send(state.drawing)

    def _send(self, drawing: Drawing) -> None:
        sample = drawing.sample()
        picture: Bytes | None = sample[0] if sample and not drawing.strokes() else self.raw_picture()
        if picture is not None and has_ink(picture):
            self.page.send("predict_picture", number=self.requested, picture=picture)
            return
        path = self.path.of(drawing)
        if path is not None:
            self.page.send("predict_path", number=self.requested, path=path)
        else:
            self.page.send("predict", number=self.requested, width=RASTER, height=RASTER, pixels=self.pad.pixels())

    def receive(self, number: int, **prediction: Any) -> None:
        """Take a prediction; number 0 is one that the worker made by itself, because its weights have changed."""
        if number == self.requested:
            self.waiting = False
            self.page.dispatch_at_once("predicted", **prediction)
        elif number == 0:
            self.page.dispatch("predicted", **prediction)


def has_ink(picture: Bytes) -> bool:
    """Whether anything can be seen in a picture."""
    return any(picture[place] >= INK for place in range(PIXELS))
