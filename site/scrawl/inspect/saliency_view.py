"""The saliency overlay: colours the ink that spoke for a digit, over what the network sees."""

from browser import document
from browser import self as window

from scrawl.drawing.pad_view import new_canvas
from scrawl.inspect import descriptions
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text

SIDE = 28
FAINT = 0.28  # opacity of the ink that lies below the colours
CONTROLS = """<button type="button" id="saliency" aria-pressed="false"
 title="Colour each pixel of the drawing by what it adds to the digit's score.">Which ink decides?</button>
<label class="saliency-digit" for="saliency-digit" hidden>speaking for
<select id="saliency-digit"><option value="-1">what is read</option>{}</select></label>
<p id="saliency-words" class="help" hidden></p>"""


class SaliencyView:
    """Owns #saliency-box, below the reading, and a canvas over #seen. `touch` is called when it wants an answer."""

    def __init__(self, page: object, touch: object) -> None:
        self.page = page
        self.touch = touch
        box = document.createElement("div")
        set_attribute(box, "id", "saliency-box")
        box.innerHTML = CONTROLS.format("".join(f"<option>{digit}</option>" for digit in range(10)))
        more = by_id("reading-more")
        more.insertBefore(box, more.firstChild)
        self.button, self.words = by_id("saliency"), by_id("saliency-words")
        self.label = box.querySelector("label")
        self.seen = by_id("seen")
        self.canvas = self._overlay()
        self.button.bind("click", self._toggled)
        by_id("saliency-digit").bind("change", self._digit_chosen)
        self._both = new_canvas(SIDE, 2 * SIDE)
        self._painted: object = None

    def _overlay(self) -> object:
        """Put a canvas exactly over what the network sees."""
        frame, canvas = document.createElement("div"), document.createElement("canvas")
        set_attribute(frame, "class", "seen-frame")
        set_attribute(canvas, "id", "salient")
        set_attribute(canvas, "role", "img")
        for size in ("width", "height"):
            set_attribute(canvas, size, str(SIDE))
        self.seen.parentNode.insertBefore(frame, self.seen)
        frame.appendChild(self.seen)
        frame.appendChild(canvas)
        return canvas

    def render(self, state: object) -> None:
        """Show it, if it is wanted."""
        on = state.inside.saliency_on
        set_attribute(self.button, "aria-pressed", "true" if on else "false")
        for part in (self.label, self.words, self.canvas):
            set_flag(part, "hidden", not on)
        salient = state.inside.salient
        if not on or salient is None or salient is self._painted:
            return
        self._painted = salient
        said = descriptions.saliency(int(salient["digit"]), float(salient["speaks_for"]), float(salient["against"]))
        set_text(self.words, said)
        set_attribute(self.canvas, "aria-label", said)
        self._paint(salient["buffer"])

    def _paint(self, buffer: object) -> None:
        context = self.canvas.getContext("2d")
        context.clearRect(0, 0, SIDE, SIDE)
        if buffer is None:
            return
        image = window.ImageData.new(window.Uint8ClampedArray.new(buffer), SIDE, 2 * SIDE)
        self._both.getContext("2d").putImageData(image, 0, 0)
        for top, opacity in ((SIDE, FAINT), (0, 1)):  # the ink, then what it says
            context.globalAlpha = opacity
            context.drawImage(self._both, 0, top, SIDE, SIDE, 0, 0, SIDE, SIDE)

    def _toggled(self, _event: object) -> None:
        self.page.dispatch("saliency_wanted", on=not self.page.state.inside.saliency_on)
        self.touch()

    def _digit_chosen(self, event: object) -> None:
        self.page.dispatch("saliency_digit", digit=int(event.target.value))
        self.touch()
