"""The bare drawing beside what the network sees, and the switch that has the network see the bare drawing."""

from browser import self as window

from scrawl.ui.dom import by_id, set_flag
from scrawl.ui.pad_view import ink_picture, inks, new_canvas

SIDE = 28


class SeeingView:
    """Owns #raw and #normalise. The reading asks its `bare` what to send instead of the drawing."""

    def __init__(self, parts: object) -> None:
        self.page = parts.page
        self.pad = parts.pad
        self.reading = parts.reading
        self.switch = by_id("normalise")
        self._small = new_canvas(SIDE, SIDE).getContext("2d", {"willReadFrequently": True})
        self._small.imageSmoothingQuality = "high"
        self._shown = by_id("raw").getContext("2d")
        self._revision: object = None
        self._normalising = True
        self.switch.disabled = False
        self.switch.bind("change", self._switched)
        self.reading.bare = self.bare
        parts.resizing.append(self.repaint)

    def render(self, state: object) -> None:
        """Show the drawing in 28 by 28 pixels."""
        set_flag(self.switch, "checked", state.tools.normalising)
        if self._normalising != state.tools.normalising:
            self._normalising = state.tools.normalising
            self.reading.again()
        if self._revision != state.drawing.revision:
            self._revision = state.drawing.revision
            self._paint()

    def repaint(self) -> None:
        """Paint again with the next frame: the theme has changed."""
        self._revision = None

    def bare(self) -> object:
        """Return the drawing as 784 bytes without normalising, None where the network gets it normalised."""
        return None if self.page.state.tools.normalising else self._shrunk()

    def _switched(self, _event: object) -> None:
        self.page.dispatch("normalising_chosen", on=self.switch.checked)

    def _paint(self) -> None:
        self._shown.clearRect(0, 0, SIDE, SIDE)
        picture = ink_picture(self._shrunk(), window.getComputedStyle(self._shown.canvas).color)
        self._shown.drawImage(picture, 0, 0)

    def _shrunk(self) -> object:
        self._small.drawImage(self.pad.raster, 0, 0, SIDE, SIDE)
        return inks(self._small, SIDE)
