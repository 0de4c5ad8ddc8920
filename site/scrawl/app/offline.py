"""Has the browser keep the page, so that it opens without a network, too: `service-worker.js` does the keeping."""

from browser import aio
from browser import self as window

from scrawl.client.api import SAFETENSORS

MOST_BLOCKS = 80  # whose addresses are handed over; a block that was not fetched costs nothing
SOON = 500  # milliseconds without training until the blocks that have come are kept


def begin(parts: object) -> None:
    """Start the service worker once the page is complete: it must not slow the first visit."""
    if hasattr(window.navigator, "serviceWorker"):
        parts.when_complete.append(lambda: aio.run(Offline(parts).register()))


class Offline:
    """Tells the service worker what to keep, and watches the state as a view does for when to keep blocks."""

    def __init__(self, parts: object) -> None:
        self.parts = parts
        self.state = parts.page.state
        self._worker: object = None
        self._kept = 0  # blocks, when it was told last
        self._timer = 0

    async def register(self) -> None:
        """Start the service worker, and have it keep what this visit has seen so far."""
        workers = window.navigator.serviceWorker
        try:
            await workers.register("service-worker.js")
            self._worker = (await workers.ready).active
        except Exception as error:  # storage may be blocked, or the certificate not be trusted
            window.console.info(f"the page will not open without a network: {error}")
            return
        weights = f"{self.parts.api.base}weights?model={self.state.model}"
        self._keep([[self.parts.api.base, "*/*"], [weights, SAFETENSORS], [f"{weights}&precision=int8", SAFETENSORS]])
        self.parts.page.views.append(self)

    def render(self, state: object) -> None:
        """Have blocks kept that have come meanwhile, but not while there is training, which it would slow."""
        if state.training:
            window.clearTimeout(self._timer)
            self._timer = 0
        elif state.cached != self._kept and not self._timer:
            self._timer = window.setTimeout(self._keep, SOON, [])

    def _keep(self, answers: list) -> None:
        self._timer, self._kept = 0, self.state.cached
        blocks = self.parts.connection.block_addresses(MOST_BLOCKS) if self._kept else []
        self._worker.postMessage({"blocks": blocks, "answers": answers})
