"""The saliency overlay: colours the ink by what it contributes to a digit's score, over what the network sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.inspect import descriptions
from scrawl.ui.canvas import new_canvas
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Element, Event
    from browser.arrays import ArrayBuffer

    from scrawl.app.page import Page
    from scrawl.inspect.inspect_state import Saliency
    from scrawl.state.app_state import State

SIDE = 28
FAINT = 0.28  # opacity of the ink below the colours
CONTROLS = """<button type="button" id="saliency" aria-pressed="false"
 title="Colour each pixel of the drawing by what it adds to the digit's score.">Which ink decides?</button>
<label class="saliency-digit" for="saliency-digit" hidden>speaking for
<select id="saliency-digit"><option value="-1">what is read</option>{}</select></label>
<p id="saliency-words" class="help" hidden></p>"""


class SaliencyView:
    """Owns #saliency-box, below what the network sees, and a canvas over #seen. `request` requests a new overlay."""

    def __init__(self, page: Page, request: Callable[[], object]) -> None:
        self.page = page
        self.request = request
        box = by_id("saliency-box")
        box.innerHTML = CONTROLS.format("".join(f"<option>{digit}</option>" for digit in range(10)))
        self.button, self.description = by_id("saliency"), by_id("saliency-words")
        self.label = box.querySelector("label")
        self.canvas = _overlay(by_id("seen"))
        self.button.bind("click", self._toggle)
        by_id("saliency-digit").bind("change", self._choose_digit)
        self._pictures = new_canvas(SIDE, 2 * SIDE)  # the contributions, and below them the ink
        self._painted: Saliency | None = None

    def render(self, state: State) -> None:
        """Show the overlay while it is switched on."""
        on, saliency = state.inspection.saliency_on, state.inspection.saliency
        set_attribute(self.button, "aria-pressed", "true" if on else "false")
        for part in (self.label, self.description, self.canvas):
            set_flag(part, "hidden", not on)
        if not on or saliency is None or saliency is self._painted:
            return
        self._painted = saliency
        text = descriptions.saliency(
            int(saliency["digit"]), float(saliency["speaks_for"]), float(saliency["against"])
        )
        set_text(self.description, text)
        set_attribute(self.canvas, "aria-label", text)
        self._paint(saliency["buffer"])

    def _paint(self, buffer: ArrayBuffer | None) -> None:
        context = self.canvas.getContext("2d")
        context.clearRect(0, 0, SIDE, SIDE)
        if buffer is None:
            return
        image = window.ImageData.new(window.Uint8ClampedArray.new(buffer), SIDE, 2 * SIDE)
        self._pictures.getContext("2d").putImageData(image, 0, 0)
        for top, opacity in ((SIDE, FAINT), (0, 1)):  # the ink, then the contributions
            context.globalAlpha = opacity
            context.drawImage(self._pictures, 0, top, SIDE, SIDE, 0, 0, SIDE, SIDE)

    def _toggle(self, _event: Event) -> None:
        self.page.dispatch("saliency_toggled", on=not self.page.state.inspection.saliency_on)
        self.request()

    def _choose_digit(self, event: Event) -> None:
        self.page.dispatch("saliency_digit_chosen", digit=int(event.target.value))
        self.request()


def _overlay(picture: Element) -> Element:
    """Put a canvas exactly over what the network sees, and return it."""
    frame, canvas = document.createElement("div"), document.createElement("canvas")
    set_attribute(frame, "class", "seen-frame")
    set_attribute(canvas, "id", "salient")
    set_attribute(canvas, "role", "img")
    for size in ("width", "height"):
        set_attribute(canvas, size, str(SIDE))
    picture.parentNode.insertBefore(frame, picture)
    frame.appendChild(picture)
    frame.appendChild(canvas)
    return canvas
