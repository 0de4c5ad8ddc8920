"""The raw drawing beside what the network sees, and the switch that gives the network the raw drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.ui.canvas import ink_picture, inks, new_canvas
from scrawl.ui.dom import by_id, set_flag

if TYPE_CHECKING:
    from browser import Event
    from browser.arrays import Uint8Array

    from scrawl.app.app import App
    from scrawl.state.app_state import State

SIDE = 28


class NetworkInputView:
    """Owns #raw and #normalise, and tells the prediction requests what to send when it is switched off."""

    def __init__(self, app: App) -> None:
        self.page = app.page
        self.pad = app.pad
        self.predictions = app.predictions
        self.switch = by_id("normalise")
        self._small = new_canvas(SIDE, SIDE).getContext("2d", {"willReadFrequently": True})
        self._small.imageSmoothingQuality = "high"
        self._shown = by_id("raw").getContext("2d")
        self._revision: int | None = None
        self._normalising = True  # for the prediction requested last
        self.switch.disabled = False
        self.switch.bind("change", self._switched)
        self.predictions.raw_picture = self.raw_picture
        self.page.on_change(self._predict_again)
        app.on_repaint(self.repaint)

    def render(self, state: State) -> None:
        """Show the drawing in 28 by 28 pixels."""
        set_flag(self.switch, "checked", state.tools.normalising)
        if self._revision != state.drawing.revision:
            self._revision = state.drawing.revision
            self._paint()

    def repaint(self) -> None:
        """Paint again with the next frame: the theme has changed."""
        self._revision = None

    def raw_picture(self) -> Uint8Array | None:
        """Return the drawing as 784 bytes without normalising, None where the network gets it normalised."""
        return None if self.page.state.tools.normalising else self._shrink()

    def _predict_again(self, state: State) -> None:
        if self._normalising != state.tools.normalising:
            self._normalising = state.tools.normalising
            self.predictions.restart()

    def _switched(self, _event: Event) -> None:
        self.page.dispatch("normalising_chosen", on=self.switch.checked)

    def _paint(self) -> None:
        self._shown.clearRect(0, 0, SIDE, SIDE)
        picture = ink_picture(self._shrink(), window.getComputedStyle(self._shown.canvas).color)
        self._shown.drawImage(picture, 0, 0)

    def _shrink(self) -> Uint8Array:
        self._small.drawImage(self.pad.raster, 0, 0, SIDE, SIDE)
        return inks(self._small, SIDE)
