"""The tools below the pad: three pens, the eraser, and the button that opens an image."""

from scrawl.drawing.tool_state import PENS
from scrawl.ui.dom import by_id, set_attribute

HTML = """
<fieldset class="pens"><legend class="unseen">Pen</legend>{pens}</fieldset>
<button type="button" id="eraser" aria-pressed="false" title="Take ink away instead of adding it.">
<svg class="icon" aria-hidden="true" viewBox="0 0 20 20">
<path d="m11.500 3.500 5 5-7.500 7.500H6.500l-3-3zM7.500 7.500l5 5M9 16h7.500"/></svg>Eraser</button>
<button type="button" id="image" title="Open an image of a digit; you may also paste one, or drop it on the page.">
<svg class="icon" aria-hidden="true" viewBox="0 0 20 20">
<path d="M3.500 4.500h13v11h-13zM4 14l4-4 3 3 2-2 3 3M13 8h.01"/></svg>Image</button>
<input type="file" id="image-file" accept="image/*" aria-label="Image of a digit" hidden>
"""
PEN = """<input type="radio" name="pen" id="pen-{name}" value="{width}" style="--dot:{dot}px"
aria-label="{title} pen" title="{title} pen">"""


class PensView:
    """Owns #tools."""

    def __init__(self, page: object) -> None:
        self.page = page
        tools = by_id("tools")
        pens = [
            PEN.format(name=name, width=width, dot=round(width * 0.55), title=name.capitalize())
            for name, width in PENS.items()
        ]
        tools.className = "tools"
        tools.innerHTML = HTML.format(pens="".join(pens))
        self.pens = {width: by_id(f"pen-{name}") for name, width in PENS.items()}
        self.eraser = by_id("eraser")
        self.pad = by_id("pad")
        for width, pen in self.pens.items():
            pen.bind("change", self._chooser(width))
        self.eraser.bind("click", lambda _event: page.dispatch("eraser_toggled"))

    def render(self, state: object) -> None:
        """Show which pen draws, and whether it erases."""
        drawing = state.drawing
        if drawing.pen in self.pens and not self.pens[drawing.pen].checked:
            self.pens[drawing.pen].checked = True
        set_attribute(self.eraser, "aria-pressed", "true" if drawing.erasing else "false")
        set_attribute(self.pad, "class", "erasing" if drawing.erasing else "")

    def _chooser(self, width: float) -> object:
        return lambda _event: self.page.dispatch("pen_chosen", width=width)
