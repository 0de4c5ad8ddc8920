"""The drawing tools: pens and eraser, drawing by keys, images, the bare drawing beside what the network sees.

Also what makes the page clear to those who come first or cannot see it: captions, and a voice that says what is read.
"""

from scrawl.state import transitions


def begin(parts: object) -> None:
    """Add them to the page."""
    # Here, since the worker imports this package too, for its half of the tools, and has no document.
    from scrawl.drawing.announcer import Voice
    from scrawl.drawing.keyboard_pen import Keys
    from scrawl.drawing.network_input_view import SeeingView
    from scrawl.drawing.pens_view import PensView
    from scrawl.drawing.pictures import Pictures
    from scrawl.drawing.tool_state import EVENTS, Tools
    from scrawl.ui.captions import Captions
    from scrawl.ui.theme import Theme

    page = parts.page
    page.state.tools = Tools()
    transitions.register(EVENTS)
    page.views += [PensView(page), SeeingView(parts), Keys(page, parts.pad.canvas), Voice()]
    Pictures(page)
    Captions()
    Theme(parts.repaint)
    page.show()
