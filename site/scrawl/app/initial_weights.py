"""The weights that a network starts with: those saved in this browser, else the shared ones.

The shared ones come twice, first at a seventh of the size ("quick"), then exactly as they are ("shared").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window

from scrawl.client import fetching

if TYPE_CHECKING:
    from typing import Any

    from scrawl.app.page import Page
    from scrawl.client.api import Api
    from scrawl.client.connection import Connection
    from scrawl.storage.restore import VisitRestorer

SHIPPED = ("mlp-128", "mlp-128-64", "conv-32-64")  # whose weights are requested before anything is known
LATE = 4000  # milliseconds until the page is used without them


class InitialWeights:
    """Fetches them as soon as possible, unless the network has weights of its own by then."""

    def __init__(self, page: Page, api: Api, connection: Connection, restorer: VisitRestorer) -> None:
        self.page = page
        self.api = api
        self.connection = connection
        self.restorer = restorer
        self._in_flight: list[str] = []  # models, until the worker has taken or refused their weights
        self._requested: list[str] = []  # models whose weights have been requested at some time
        page.on_report("weights_loaded", self._taken)
        page.on_report("weights_refused", self._refused)
        page.on_report("opened", self._opened)
        connection.on_connected(self.request)

    def request(self) -> None:
        """Fetch the selected network's weights, unless they are on their way or no longer wanted."""
        self._request(self.page.state.model)

    def forget_requests(self) -> None:
        """Wait for nothing that was sent to the worker: it is gone."""
        self._in_flight = []

    def _request(self, model: str) -> None:
        if model not in self._in_flight and self._is_untouched(model):
            self._in_flight.append(model)
            self._requested.append(model)
            origin = self.page.state.record_of(model).origin
            aio.run(self._fetch(model, "shared" if origin == "quick" else "quick"))

    async def _fetch(self, model: str, origin: str) -> None:
        sent = False
        timer = window.setTimeout(lambda: self.page.dispatch("weights_late", saved=True), LATE)
        try:
            if origin == "quick":
                sent = await self.restorer.restore_weights(model)
            window.clearTimeout(timer)
            if not sent:
                sent = await self._send_shared(model, origin)
        finally:
            window.clearTimeout(timer)
            if not sent:
                self._settle(model)

    async def _send_shared(self, model: str, origin: str) -> bool:
        """Fetch shared weights and give them to the worker. Return whether it got them."""
        if not self._may_be_shared(model):
            return False
        timer = window.setTimeout(lambda: self.page.dispatch("weights_late", saved=False), LATE)
        try:
            buffer, etag = await self.api.weights(model, small=origin == "quick")
            if self._is_untouched(model):
                self.page.dispatch("etag_known", model=model, etag=etag)
                self.page.send("load_weights", model=model, buffer=buffer, origin=origin)
                return True
        except fetching.ApiUnavailableError as error:
            self.connection.mark_unavailable(str(error))
        except fetching.RefusedError as error:
            self.page.dispatch("weights_declined", model=model, message=str(error))
        finally:
            window.clearTimeout(timer)
        return False

    def _may_be_shared(self, model: str) -> bool:
        """Tell whether to ask for a network's weights: of others than the shipped ones, if the API lists them."""
        shared = self.page.state.shared_models
        if model in SHIPPED or (shared is not None and model in shared):
            return True
        if shared is not None:
            self.page.dispatch("network_unshared", model=model)
        return False  # else it is requested again once that is known

    def _is_untouched(self, model: str) -> bool:
        return self.page.state.record_of(model).untouched

    def _opened(self, model: str, **_fields: Any) -> None:
        """Fetch the weights of a network that was opened in place of one saved here, which is not there any more."""
        if model not in self._requested:
            self._request(model)

    def _taken(self, model: str, **_fields: Any) -> None:
        self._settle(model)
        if self.page.state.record_of(model).origin == "quick":
            self._request(model)

    def _refused(self, model: str, **_fields: Any) -> None:
        self._settle(model)
        if self.restorer.discard_refused(model):  # damaged in the browser's storage: take the shared ones
            self._request(model)

    def _settle(self, model: str) -> None:
        self._in_flight = [other for other in self._in_flight if other != model]
