"""Replaces a worker that no longer answers; training goes on with the weights saved last.

A worker may run out of memory or hang without the page being told, so the page asks it regularly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window

from scrawl.client.api import absolute_url
from scrawl.state import transitions
from scrawl.state.app_state import Notice

if TYPE_CHECKING:
    from typing import Any

    from scrawl.app.app import App
    from scrawl.state.app_state import State

INTERVAL, TIME_LIMIT = 2000, 10_000  # milliseconds between two questions; without an answer until it counts as dead


class Watchdog:
    """Asks the worker whether it is alive, and starts another when it is not."""

    def __init__(self, app: App) -> None:
        self.app, self.page, self.link = app, app.page, app.link
        self._checked_at = window.performance.now()
        self._restarted = ""  # the model whose weights are on their way to a new worker
        self.page.on_report("weights_loaded", self._taken)
        window.setInterval(self._check, INTERVAL)

    def _check(self) -> None:
        now = window.performance.now()
        slept = now - self._checked_at > 2 * INTERVAL  # then the worker may have slept, too
        self._checked_at = now
        if slept or not self.link.heard_at:
            self.link.heard_at = self.link.heard_at and now
        elif now - self.link.heard_at > TIME_LIMIT:
            self._restart()
            return
        self.page.send("ping")

    def _restart(self) -> None:
        self._restarted = self.page.state.model
        self.page.dispatch("worker_died")
        self.link.restart()
        self.app.initial_weights.forget_requests()
        self.app.models.load_kernel()
        self.app.models.open_selected()
        urls = document.body.dataset
        self.page.send("load_features", address=absolute_url(urls.later), pictures=absolute_url(urls.pictures))
        aio.run(self._resume(self._restarted))

    async def _resume(self, model: str) -> None:
        if not await self.app.visit_restorer.restore_weights(model):
            self.app.initial_weights.request()
        if self.page.state.training:
            self.page.send("train")

    def _taken(self, model: str, origin: str, **_fields: Any) -> None:
        if model == self._restarted:
            self._restarted = ""
            self.page.dispatch("worker_restarted", model=model, saved=origin == "kept")


def _worker_died(state: State) -> None:
    """Everything in the worker is gone; each network is opened again when it is chosen."""
    state.records = {}
    state.cached = 0
    state.record.notices["train"] = Notice("The training thread has stopped; another is being started…", "warning")


def _worker_restarted(state: State, model: str, saved: bool) -> None:
    with_what = "the weights saved last" if saved else "the shared weights, since none of its own were saved"
    text = f"The training thread had stopped working and was started again. It goes on with {with_what}."
    state.record_of(model).notices["train"] = Notice(text, "warning")


def start(app: App) -> None:
    """Watch the worker."""
    transitions.register({"worker_died": _worker_died, "worker_restarted": _worker_restarted})
    Watchdog(app)
