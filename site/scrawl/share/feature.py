"""Begins sharing: the state and the routes that its features need, and the buttons of the shared weights."""

from scrawl.client.sharing_api import Routes
from scrawl.share.share_state import TRANSITIONS, Share
from scrawl.share.shared_weights import Sending
from scrawl.share.weights_view import WeightsView
from scrawl.state import transitions


def begin(parts: object) -> None:
    """Add the state of sharing, and the buttons of the shared weights."""
    transitions.register(TRANSITIONS)
    parts.page.state.share = Share()
    parts.routes = Routes(parts.api)
    parts.sending = Sending(parts)
    parts.page.views.append(WeightsView(parts.sending))
    parts.page.show()
