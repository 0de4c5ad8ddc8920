"""Asks the API whether it is still there while the person looks on, so that its chip is right.

What the page asks for anyway says so, too; but a run whose digits are all here asks for nothing. Each question costs
a call of a Lambda: the page asks often while something runs, ever more seldom otherwise, and not at all in a hidden
tab. Once the API is away, `connection` asks until it is back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window

from scrawl.client import fetching
from scrawl.client.api import QUICK

if TYPE_CHECKING:
    from browser import Event

    from scrawl.app.app import App
    from scrawl.state.app_state import State

WHILE_RUNNING, LONGEST = 2500, 60_000  # milliseconds between an answer and the next question
SLOW = 2.0  # seconds without an answer until the page says so


class Liveness:
    """Asks, and says so if nobody answers."""

    def __init__(self, app: App) -> None:
        self.page, self.state = app.page, app.page.state
        self.connection = app.connection
        self.address = f"{app.api.base}v2/health/live"
        self._wait = WHILE_RUNNING
        self._timer = 0  # until the next question; 0 while one is under way, or the tab is hidden
        self._asking = False
        self.page.on_change(self._follow)
        document.addEventListener("visibilitychange", self._changed)
        self._plan()

    def _follow(self, state: State) -> None:
        """Ask soon once something runs, however long the wait was."""
        if self._wait > WHILE_RUNNING and _runs(state):
            self._ask_soon()

    def _changed(self, _event: Event) -> None:
        window.clearTimeout(self._timer)
        self._timer = 0
        if document.visibilityState == "visible":
            self._ask_soon(at_once=True)

    def _ask_soon(self, at_once: bool = False) -> None:
        self._wait = WHILE_RUNNING
        if not self._asking:
            self._plan(0 if at_once else self._wait)

    def _plan(self, milliseconds: int = WHILE_RUNNING) -> None:
        window.clearTimeout(self._timer)
        self._timer = window.setTimeout(self._ask, milliseconds) if document.visibilityState == "visible" else 0

    def _ask(self) -> None:
        self._timer = 0
        if self.state.api == "up" and not self.state.worker_requests and not self.state.page_requests:
            self._asking = True
            aio.run(self._question())
        else:  # what is under way says whether the API is there
            self._plan_next()

    def _plan_next(self) -> None:
        self._wait = WHILE_RUNNING if _runs(self.state) else min(2 * self._wait, LONGEST)
        self._plan(self._wait)

    async def _question(self) -> None:
        timer = window.setTimeout(lambda: self.page.dispatch("api_slow", seconds=SLOW), 1000 * SLOW)
        try:
            await fetching.fetch(self.address, {"cache": "no-store"}, QUICK)
            self._answered()
        except fetching.RefusedError:
            self._answered()
        except fetching.ApiUnavailableError as error:
            self.connection.mark_unavailable(str(error))
        finally:
            window.clearTimeout(timer)
            self._asking = False
            self._plan_next()

    def _answered(self) -> None:
        if self.state.api == "slow":
            self.page.dispatch("api_up")


def _runs(state: State) -> bool:
    together = getattr(state, "together", None)  # its feature may not be there yet
    learns = state.training or (together is not None and together.on)
    return learns or any(record.busy for record in state.records.values())


def start(app: App) -> None:
    """Watch the API."""
    Liveness(app)
