"""The networks one can choose from, and opening one of them in the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.client import fetching

if TYPE_CHECKING:
    from scrawl.app.page import Page
    from scrawl.client.connection import Connection

TIME_LIMIT = 10.0  # seconds until the request is given up
RETRY = 3000  # milliseconds until the list is requested again


class ModelCatalog:
    """The networks listed at the address `url`; `kernels` are the addresses that the worker's kernel is made from."""

    def __init__(self, page: Page, connection: Connection, url: str, kernels: dict[str, str]) -> None:
        self.page = page
        self.connection = connection
        self.url = url
        self.kernels = kernels
        page.on_report("not_opened", lambda **_fields: self.open_selected())

    def start(self) -> None:
        """Have the worker load its kernel, fetch the list, and open the selected network."""
        self.load_kernel()
        aio.run(self._fetch())

    def load_kernel(self) -> None:
        """Have the worker load its kernel."""
        self.page.send("load_kernel", urls=JSON.stringify(self.kernels))

    async def _fetch(self) -> None:
        try:
            response = await fetching.fetch(self.url, {}, TIME_LIMIT)
            models = (await fetching.json(response, "models"))["models"]
        except (fetching.ApiUnavailableError, fetching.RefusedError) as error:
            self.page.dispatch("models_missing", message=str(error), seconds=RETRY // 1000)
            window.setTimeout(lambda: aio.run(self._fetch()), RETRY)
            return
        self.page.dispatch("models_known", models=models)
        self.open_selected()

    def choose(self, model: str) -> None:
        """Select a network by its name, and have the worker open it."""
        self.page.dispatch("model_chosen", model=model)
        self.open_selected()

    def open_selected(self) -> None:
        """Have the worker open the selected network, and make it if it is the first time."""
        state = self.page.state
        model = next(model for model in state.models if model["model"] == state.model)
        self.page.send(
            "open",
            model=JSON.stringify(model),
            settings=JSON.stringify(state.settings),
            seed=state.settings["seed"],
        )
        self.connection.send_dataset()
