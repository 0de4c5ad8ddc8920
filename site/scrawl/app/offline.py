"""Lets the page open without a network, too: tells `service-worker.js` what to store, and when.

Says as well when a newer version of the page is there: a tab may stay open for days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window

if TYPE_CHECKING:
    from typing import Any

    from browser import Event

    from scrawl.app.app import App
    from scrawl.state.app_state import State

MOST_BLOCKS = 80  # whose addresses are passed on; a block that was not fetched costs nothing
PAUSE = 500  # milliseconds without training until the blocks that have come are stored


def start(app: App) -> None:
    """Start the service worker once the page is complete: it must not slow the first visit."""
    if hasattr(window.navigator, "serviceWorker"):
        app.on_complete(lambda: aio.run(OfflineStorage(app).register()))


class OfflineStorage:
    """Tells the service worker what to store."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.state = app.page.state
        self._worker: Any = None  # the service worker
        self._stored = 0  # blocks, when it was told last
        self._timer = 0

    async def register(self) -> None:
        """Start the service worker, and have it store what this visit has fetched so far."""
        workers = window.navigator.serviceWorker
        try:
            registration = await workers.register("service-worker.js")
            self._worker = (await workers.ready).active
        except Exception as error:  # storage may be blocked, or the certificate not be trusted
            window.console.info(f"the page will not open without a network: {error}")
            return
        registration.addEventListener("updatefound", lambda _event: self._follow(registration.installing))
        document.addEventListener("visibilitychange", lambda _event: aio.run(_look_for_update(registration)))
        self._store(self.app.api.answers(self.state.model))
        self.app.page.on_change(self._store_new_blocks)

    def _follow(self, newer: Any) -> None:
        """Offer another version of the page once all its files are stored."""

        def changed(_event: Event) -> None:
            if newer.state == "installed":
                aio.run(self._offer_if_newer())

        newer.addEventListener("statechange", changed)

    async def _offer_if_newer(self) -> None:
        try:
            newest: str = await (await window.fetch("./", {"cache": "no-store"})).text()
        except Exception:  # there is no network: the next visit has the newer version all the same
            return
        here = document.documentElement.outerHTML
        assets = [name for name in newest.split('"') if name.startswith("assets/")]  # with a hash of their content
        if any(name not in here for name in assets):
            text = "A newer version of Scrawl is there. Reload the page for it: your work stays."
            self.app.page.dispatch("noticed", place="page", text=text, tone="quiet")

    def _store_new_blocks(self, state: State) -> None:
        """Have blocks stored that have come meanwhile, but not during training, which it would slow."""
        if state.training:
            window.clearTimeout(self._timer)
            self._timer = 0
        elif state.cached != self._stored and not self._timer:
            self._timer = window.setTimeout(self._store, PAUSE, [])

    def _store(self, answers: list[list[str]]) -> None:
        self._timer, self._stored = 0, self.state.cached
        blocks = self.app.connection.block_urls(MOST_BLOCKS) if self._stored else []
        self._worker.postMessage({"blocks": blocks, "answers": answers})


async def _look_for_update(registration: Any) -> None:
    if document.visibilityState == "visible":
        try:
            await registration.update()
        except Exception:  # there is no network: it is looked for again the next time
            return
