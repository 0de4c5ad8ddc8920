"""The tools below the pad: three pens, the eraser, and the button that opens an image.

`start` adds them with everything else that helps to draw: the keyboard's pen, images, what the network gets to see,
and an announcer for those who cannot see the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document

from scrawl.drawing.announcer import Announcer
from scrawl.drawing.erased_lines import ErasedLines
from scrawl.drawing.image_import import ImageImport
from scrawl.drawing.keyboard_pen import KeyboardPen
from scrawl.drawing.network_input_view import NetworkInputView
from scrawl.drawing.tool_state import EVENTS, PENS, Tools
from scrawl.state import transitions
from scrawl.ui.dom import by_id, set_attribute, set_flag
from scrawl.ui.preferences import Projector, Theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Event

    from scrawl.app.app import App
    from scrawl.app.page import Page
    from scrawl.state.app_state import State

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
ERASING = "The eraser is on: strokes take ink away. Press Eraser to draw again."
PEN = """<input type="radio" name="pen" id="pen-{name}" value="{width}" style="--dot:{dot}px"
aria-label="{title} pen" title="{title} pen">"""


def start(app: App) -> None:
    """Add the tools to the page."""
    page = app.page
    page.state.tools = Tools()
    transitions.register(EVENTS)
    page.views += [ToolsView(page), NetworkInputView(app), KeyboardPen(page, app.pad.canvas), Announcer()]
    ImageImport(page)
    app.predictions.path.erased = ErasedLines().of
    Theme(app.repaint)
    Projector(app.repaint)
    page.request_render()


class ToolsView:
    """Owns #tools."""

    def __init__(self, page: Page) -> None:
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
        self._label = self.pad.getAttribute("aria-label") or ""
        self.erasing = document.createElement("p")
        self.erasing.className, self.erasing.textContent = "pad-erasing", "Eraser on"  # short: it covers ink
        self.erasing.hidden = True  # as everything that waits, until it has been rendered once
        self.erasing.setAttribute("aria-hidden", "true")  # the pad's own label says it
        self.pad.parentElement.appendChild(self.erasing)
        for width, pen in self.pens.items():
            pen.bind("change", self._chooser(width))
        self.eraser.bind("click", lambda _event: page.dispatch("eraser_toggled"))

    def render(self, state: State) -> None:
        """Show which pen draws, and whether it erases."""
        drawing = state.drawing
        if drawing.pen in self.pens and not self.pens[drawing.pen].checked:
            self.pens[drawing.pen].checked = True
        set_attribute(self.eraser, "aria-pressed", "true" if drawing.erasing else "false")
        set_attribute(self.pad, "class", "erasing" if drawing.erasing else "")
        set_attribute(self.pad, "aria-label", ERASING if drawing.erasing else self._label)
        set_flag(self.erasing, "hidden", not drawing.erasing)

    def _chooser(self, width: float) -> Callable[[Event], None]:
        return lambda _event: self.page.dispatch("pen_chosen", width=width)
