"""Begins sharing: the state and the routes that its features need, and the buttons of the shared weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.client.sharing_api import SharingApi
from scrawl.share.share_state import TRANSITIONS, Share
from scrawl.share.shared_weights import Sending
from scrawl.share.weights_view import WeightsView
from scrawl.state import transitions

if TYPE_CHECKING:
    from scrawl.app.app import App


def start(app: App) -> None:
    """Add the state of sharing, and the buttons of the shared weights."""
    transitions.register(TRANSITIONS)
    app.page.state.share = Share()
    app.sharing_api = SharingApi(app.api)
    app.sending = Sending(app)
    app.page.views.append(WeightsView(app.sending))
    app.page.request_render()
