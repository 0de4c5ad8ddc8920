"""Whether the API is there: learns what it offers, notices when it goes away, and asks again until it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.listeners import call_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from scrawl.app.page import Page
    from scrawl.client.api import Api

SLOW = 4.0  # seconds without an answer until the page says that it waits, and works meanwhile


class Connection:
    """Watches the API."""

    def __init__(self, page: Page, api: Api) -> None:
        self.page = page
        self.api = api
        self._when_connected: list[Callable[[], object]] = []
        self._backoff = fetching.Backoff()
        self._waiting = False  # for the next attempt
        self._dataset: dict[str, Any] | None = None  # as the API describes it

    def start(self) -> None:
        """Ask the API what it has."""
        aio.run(self._describe())

    def on_connected(self, action: Callable[[], object]) -> None:
        """Have something done whenever the API has said what it has."""
        self._when_connected.append(action)

    def mark_unavailable(self, message: str) -> None:
        """Note that the API is away, say so, and ask again later."""
        if self._waiting:
            return
        self._waiting = True
        seconds = self._backoff.failed()
        self.page.dispatch("api_away", message=f"{message}. Scrawl works on with what it has.", seconds=seconds)
        window.setTimeout(self._retry, 1000 * seconds)

    def send_dataset(self) -> None:
        """Tell the worker where blocks are, if that is known."""
        if self._dataset is not None:
            url = self.api.block_url(self._dataset["id"])
            self.page.send("use_blocks", url=url, splits=JSON.stringify(self._dataset["splits"]))

    def block_urls(self, most: int) -> list[str]:
        """Return the addresses of all blocks, at most so many."""
        if self._dataset is None:
            return []
        url = self.api.block_url(self._dataset["id"])
        splits = self._dataset["splits"]
        blocks = [(split, index) for split in ("test", "train") for index in range(splits[split]["shards"])]
        return [url.replace("{split}", split).replace("{index}", str(index)) for split, index in blocks[:most]]

    def _retry(self) -> None:
        self._waiting = False
        self.start()

    async def _describe(self) -> None:
        timer = window.setTimeout(lambda: self.page.dispatch("api_slow", seconds=SLOW), 1000 * SLOW)
        try:
            description = await self.api.describe()
            dataset = check_dataset(description["dataset"])
        except fetching.ApiUnavailableError as error:
            self.mark_unavailable(str(error))
            return
        except (fetching.RefusedError, KeyError, TypeError, ValueError) as error:
            self.mark_unavailable(f"The API does not say what it has ({type(error).__name__}: {error})")
            return
        finally:
            window.clearTimeout(timer)
        # A page without an API has versions of weights, the API models.
        shared = [*(description.get("weights") or [model["model"] for model in description.get("models", [])])]
        self._connected(dataset, shared, description["stored"])

    def _connected(self, dataset: dict[str, Any], shared: list[str], stored: bool) -> None:
        self._dataset = dataset
        self.page.dispatch("api_described", dataset=dataset["notice"] or dataset["title"], shared=shared)
        if stored:
            self.mark_unavailable("There is no connection to the API: what it last said is kept, and used")
        else:
            self._backoff.succeeded()
            self.page.dispatch("api_up")
        self.send_dataset()
        call_each(self._when_connected)


def check_dataset(dataset: dict[str, Any]) -> dict[str, Any]:
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
