"""The weights a visit begins with: the shared ones, first a quarter of the size, then exactly as they are shared."""

from browser import aio

from scrawl import fetching


class FirstWeights:
    """Fetches them as soon as they can be had, unless the tab has weights of its own by then."""

    def __init__(self, page: object, api: object, connection: object) -> None:
        self.page = page
        self.api = api
        self.connection = connection
        self._under_way = False  # until the worker has taken them, or they cannot be had
        page.after("weights_taken", self._taken)
        page.after("weights_refused", self._refused)
        connection.when_there(self.ask)

    def ask(self) -> None:
        """Fetch them, unless that is being done or no longer wanted."""
        state = self.page.state
        if not self._under_way and self._is_untouched() and state.origin != "shared":
            self._under_way = True
            aio.run(self._fetch(state.model, "shared" if state.origin == "quick" else "quick"))

    async def _fetch(self, model: str, origin: str) -> None:
        try:
            buffer, etag = await self.api.weights(model, small=origin == "quick")
            if self._is_untouched() and self.page.state.model == model:
                self.page.dispatch("etag_known", etag=etag)
                self.page.ask("weights", buffer=buffer, origin=origin)
                return
        except fetching.AwayError as error:
            self.connection.lost(str(error))
        except fetching.RefusedError as error:
            self.page.dispatch("weights_refused", message=str(error))
        self._under_way = False

    def _is_untouched(self) -> bool:
        return not self.page.state.touched and self.page.state.origin in ("", "quick")

    def _taken(self) -> None:
        self._under_way = False
        if self.page.state.origin == "quick":
            self.ask()

    def _refused(self) -> None:
        self._under_way = False
