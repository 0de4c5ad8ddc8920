"""The drawing tools: pens and eraser, drawing by keys, images, the bare drawing beside what the network sees.

Also what makes the page clear to those who come first or cannot see it: captions, and a voice that says what is read.
"""

from scrawl import transitions


def begin(parts: object) -> None:
    """Add them to the page."""
    # Here, since the worker imports this package too, for its half of the tools, and has no document.
    from scrawl.theme import Theme
    from scrawl.tools.captions import Captions
    from scrawl.tools.keys import Keys
    from scrawl.tools.pens import PensView
    from scrawl.tools.pictures import Pictures
    from scrawl.tools.seeing import SeeingView
    from scrawl.tools.state import EVENTS, Tools
    from scrawl.tools.voice import Voice

    page = parts.page
    page.state.tools = Tools()
    transitions.register(EVENTS)
    page.views += [PensView(page), SeeingView(parts), Keys(page, parts.pad.canvas), Voice()]
    Pictures(page)
    Captions()
    Theme(parts.repaint)
    page.show()
