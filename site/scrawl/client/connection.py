"""Whether the API is there: learns what it offers, notices when it goes away, and asks again until it is back."""

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.client.retry import Backoff

SLOW = 4.0  # seconds without an answer until the page says that it waits, and works meanwhile


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
        aio.run(self._begin())

    async def _begin(self) -> None:
        timer = window.setTimeout(self._slow, 1000 * SLOW)
        try:
            await self._describe()
        finally:
            window.clearTimeout(timer)

    def _slow(self) -> None:
        self.page.dispatch("api_slow", seconds=SLOW)

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
            url = self.api.block_address(self._known["id"])
            self.page.ask("blocks_at", url=url, splits=JSON.stringify(self._known["splits"]))

    def block_addresses(self, most: int) -> list:
        """Return the addresses of all blocks, at most so many."""
        if self._known is None:
            return []
        url = self.api.block_address(self._known["id"])
        blocks = [
            (split, index) for split in ("test", "train") for index in range(self._known["splits"][split]["shards"])
        ]
        return [url.replace("{split}", split).replace("{index}", str(index)) for split, index in blocks[:most]]

    def _again(self) -> None:
        self._waiting = False
        self.begin()

    async def _describe(self) -> None:
        try:
            description = await self.api.describe()
            known = checked(description["dataset"])
        except fetching.AwayError as error:
            self.lost(str(error))
            return
        except (fetching.RefusedError, KeyError, TypeError, ValueError) as error:
            self.lost(f"The API does not say what it has ({type(error).__name__}: {error})")
            return
        self._known = known
        self.page.dispatch("api_described", dataset=known["notice"] or known["title"])
        if description["kept"]:
            self.lost("There is no connection to the API")
        else:
            self._backoff.succeeded()
            self.page.dispatch("api_up")
        self.tell_worker()
        for action in self._then:
            action()


def checked(dataset: dict) -> dict:
    """Return what the page needs to know of the dataset, or raise an error that says what is wrong."""
    splits = {}
    for name in ("train", "test"):
        splits[name] = {key: dataset["splits"][name][key] for key in ("count", "shards")}
        for key, value in splits[name].items():
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{key} of {name} is a whole number from 1, got {value!r}")
    for name in ("id", "title"):
        if not isinstance(dataset[name], str):
            raise ValueError(f"the dataset's {name} is a text, got {dataset[name]!r}")
    return {"id": dataset["id"], "title": dataset["title"], "notice": dataset.get("notice") or "", "splits": splits}
