"""The second part of the page's start: drawing, and reading what is drawn. With it the page can be used."""

from browser import document

from scrawl.drawing.pointer import Pointer
from scrawl.drawing.prediction_requests import Reading
from scrawl.ui.pad_view import PadView
from scrawl.ui.prediction_view import ReadingView


class PhaseView:
    """Says on the body whether one can draw and predict."""

    def render(self, state: object) -> None:
        """Show the phase."""
        if document.body.getAttribute("data-state") != state.phase:
            document.body.setAttribute("data-state", state.phase)


def begin(parts: object) -> None:
    """Add the drawing surface and the reading to the page."""
    page, view = parts.page, ReadingView()
    parts.pad = pad = PadView()
    parts.reading = reading = Reading(page, pad)
    page.instead["predicted"] = reading.answered
    page.after("opened", reading.again)
    page.at_once += [pad, view, reading, PhaseView()]
    parts.resizing += [pad.resize, view.repaint]
    Pointer(pad.canvas, page.dispatch)
    page.show()
