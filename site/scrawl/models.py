"""The architectures one can choose from, and opening one in the worker."""

from browser import aio
from browser import self as window
from javascript import JSON


class Models:
    """The architectures listed at `address`; `kernels` are the addresses of the kernel's two builds."""

    def __init__(self, page: object, connection: object, address: str, kernels: list) -> None:
        self.page = page
        self.connection = connection
        self.address = address
        self.kernels = kernels

    def begin(self) -> None:
        """Fetch the list and open the first."""
        self.page.ask("start", kernel=JSON.stringify(self.kernels))
        aio.run(self._begin())

    async def _begin(self) -> None:
        response = await window.fetch(self.address)
        self.page.dispatch("models_known", models=JSON.parse(await response.text())["models"])
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
