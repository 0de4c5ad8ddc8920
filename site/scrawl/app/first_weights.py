"""The weights that a network begins with: those this browser has kept, else the shared ones.

The shared ones come twice, first at a quarter of the size, then exactly as they are.
"""

from browser import aio
from browser import self as window

from scrawl.client import fetching

LATE = 4000  # milliseconds until the page is used without them


class FirstWeights:
    """Fetches them as soon as they can be had, unless the network has weights of its own by then."""

    def __init__(self, page: object, api: object, connection: object, restoring: object) -> None:
        self.page = page
        self.api = api
        self.connection = connection
        self.restoring = restoring
        self._under_way: list = []  # models, until the worker has taken theirs, or they cannot be had
        page.after("weights_taken", self._taken)
        page.after("weights_refused", self._refused)
        connection.when_there(self.ask)

    def ask(self) -> None:
        """Fetch the selected network's, unless that is being done or no longer wanted."""
        self._ask(self.page.state.model)

    def _ask(self, model: str) -> None:
        if model not in self._under_way and self._is_untouched(model):
            self._under_way.append(model)
            origin = self.page.state.record_of(model).origin
            aio.run(self._fetch(model, "shared" if origin == "quick" else "quick"))

    async def _fetch(self, model: str, origin: str) -> None:
        if origin == "quick" and await self.restoring.ask(model):
            return
        timer = window.setTimeout(lambda: self.page.dispatch("weights_late"), LATE)
        try:
            buffer, etag = await self.api.weights(model, small=origin == "quick")
            if self._is_untouched(model):
                self.page.dispatch("etag_known", model=model, etag=etag)
                self.page.ask("weights", model=model, buffer=buffer, origin=origin)
                return
        except fetching.AwayError as error:
            self.connection.lost(str(error))
        except fetching.RefusedError as error:
            self.page.dispatch("weights_refused", model=model, message=str(error))
        finally:
            window.clearTimeout(timer)
        self._done(model)

    def _is_untouched(self, model: str) -> bool:
        record = self.page.state.record_of(model)
        return not record.touched and record.origin in ("", "quick")

    def _taken(self, model: str, **_fields: object) -> None:
        self._done(model)
        if self.page.state.record_of(model).origin == "quick":
            self._ask(model)

    def _refused(self, model: str, **_fields: object) -> None:
        self._done(model)
        if self.restoring.gives_up(model):  # damaged in the browser's storage: take the shared ones
            self._ask(model)

    def _done(self, model: str) -> None:
        self._under_way = [other for other in self._under_way if other != model]
