"""The architectures one can choose from, and opening one in the worker."""

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.client import fetching

SECONDS = 10.0  # until an answer is given up on
AGAIN = 3000  # milliseconds until the list is asked for again


class Models:
    """The architectures listed at `address`; `kernels` are the addresses of the kernel's two builds."""

    def __init__(self, page: object, connection: object, address: str, kernels: list) -> None:
        self.page = page
        self.connection = connection
        self.address = address
        self.kernels = kernels

    def begin(self) -> None:
        """Fetch the list and open the first."""
        self.start()
        aio.run(self._begin())

    def start(self) -> None:
        """Have the worker load its kernel."""
        self.page.ask("start", kernel=JSON.stringify(self.kernels))

    async def _begin(self) -> None:
        try:
            response = await fetching.fetch(self.address, {}, SECONDS)
            models = (await fetching.json(response))["models"]
        except (fetching.AwayError, fetching.RefusedError) as error:
            self.page.dispatch("models_missing", message=str(error), seconds=AGAIN // 1000)
            window.setTimeout(lambda: aio.run(self._begin()), AGAIN)
            return
        self.page.dispatch("models_known", models=models)
        self.open()

    def open(self) -> None:
        """Have the worker select the chosen architecture's network, and make it if it is the first time."""
        state = self.page.state
        model = next(model for model in state.models if model["model"] == state.model)
        self.page.ask(
            "open",
            model=JSON.stringify(model),
            settings=JSON.stringify(state.settings),
            seed=state.settings["seed"],
        )
        self.connection.tell_worker()
