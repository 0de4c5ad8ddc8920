"""Begins sharing: the state and the routes that its features need, and the buttons of the shared weights."""

from scrawl import transitions
from scrawl.share.routes import Routes
from scrawl.share.sending import Sending
from scrawl.share.state import TRANSITIONS, Share
from scrawl.share.weights_view import WeightsView


def begin(parts: object) -> None:
    """Add the state of sharing, and the buttons of the shared weights."""
    transitions.register(TRANSITIONS)
    parts.page.state.share = Share()
    parts.routes = Routes(parts.api)
    parts.sending = Sending(parts)
    parts.page.views.append(WeightsView(parts.sending))
    parts.page.show()
