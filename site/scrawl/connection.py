"""Whether the API is there: learns what it offers, notices when it goes away, and asks again until it is back."""

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl import fetching
from scrawl.retry import Backoff


class Connection:
    """Watches the API."""

    def __init__(self, page: object, api: object) -> None:
        self.page = page
        self.api = api
        self._then: list = []  # what to do once the API is there
        self._backoff = Backoff()
        self._waiting = False
        self._known: dict | None = None  # the dataset, as the API describes it

    def begin(self) -> None:
        """Ask the API what it has."""
        aio.run(self._describe())

    def when_there(self, action: object) -> None:
        """Have something done whenever the API has answered who it is."""
        self._then.append(action)

    def lost(self, message: str) -> None:
        """Note that the API is away, say so, and ask again later."""
        if self._waiting:
            return
        self._waiting = True
        seconds = self._backoff.failed()
        self.page.dispatch("api_away", message=f"{message}. Scrawl works on with what it has.", seconds=seconds)
        window.setTimeout(self._again, 1000 * seconds)

    def tell_worker(self) -> None:
        """Tell the worker where blocks are, if that is known."""
        if self._known is not None:
            splits = {name: self._known["splits"][name] for name in ("train", "test")}
            url = self.api.block_address(self._known["id"])
            self.page.ask("blocks_at", url=url, splits=JSON.stringify(splits))

    def _again(self) -> None:
        self._waiting = False
        self.begin()

    async def _describe(self) -> None:
        try:
            self._known = (await self.api.describe())["dataset"]
        except fetching.AwayError as error:
            self.lost(str(error))
            return
        except (fetching.RefusedError, KeyError, TypeError) as error:
            self.lost(f"The API does not say what it has ({error})")
            return
        self._backoff.succeeded()
        notice = self._known.get("notice") or ""
        self.page.dispatch("api_up")
        self.page.dispatch("api_described", dataset=notice or self._known["title"])
        self.tell_worker()
        for action in self._then:
            action()
