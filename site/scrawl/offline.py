"""Has the browser keep the page, so that it opens without a network, too: `service-worker.js` does the keeping."""

from browser import aio
from browser import self as window

from scrawl.api import SAFETENSORS

MOST_BLOCKS = 80  # whose addresses are handed over; a block that was not fetched costs nothing


def begin(parts: object) -> None:
    """Start the service worker once the page is complete: it must not slow the first visit."""
    if hasattr(window.navigator, "serviceWorker"):
        parts.when_complete.append(lambda: aio.run(_register(parts)))


async def _register(parts: object) -> None:
    workers = window.navigator.serviceWorker
    try:
        await workers.register("service-worker.js")
        registration = await workers.ready
    except Exception as error:  # storage may be blocked, or the certificate not be trusted
        window.console.info(f"the page will not open without a network: {error}")
        return
    weights = f"{parts.api.base}weights?model={parts.page.state.model}"
    answers = [[parts.api.base, "*/*"], [weights, SAFETENSORS], [f"{weights}&precision=int8", SAFETENSORS]]
    blocks = parts.connection.block_addresses(MOST_BLOCKS)
    registration.active.postMessage({"blocks": blocks, "answers": answers})
