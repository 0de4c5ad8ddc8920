"""Watches over the worker: one that answers no more is replaced, and goes on with the weights kept last.

A worker may die of a lack of memory, or hang, without the page being told: so it is asked every now and then.
"""

from browser import aio, document
from browser import self as window

from scrawl.app.app import absolute
from scrawl.state import transitions
from scrawl.state.app_state import Notice, State

EVERY, SILENCE = 2000, 10_000  # milliseconds between two questions; without an answer until it counts as dead


class Guard:
    """Asks the worker whether it lives, and starts another when it does not."""

    def __init__(self, parts: object) -> None:
        self.parts, self.page, self.link = parts, parts.page, parts.link
        self._looked = window.performance.now()
        self._revived = ""  # the model whose weights are on their way to a new worker
        self.page.after("weights_taken", self._taken)
        window.setInterval(self._look, EVERY)

    def _look(self) -> None:
        now = window.performance.now()
        slept = now - self._looked > 2 * EVERY  # then the worker may have slept, too
        self._looked = now
        if slept or not self.link.heard_at:
            self.link.heard_at = self.link.heard_at and now
        elif now - self.link.heard_at > SILENCE:
            self._revive()
            return
        self.page.ask("ping")

    def _revive(self) -> None:
        self._revived = self.page.state.model
        self.page.dispatch("worker_died")
        self.link.renew()
        self.parts.models.start()
        self.parts.models.open()
        self.page.ask("later", address=absolute(document.body.dataset.later))
        aio.run(self._go_on(self._revived))

    async def _go_on(self, model: str) -> None:
        if not await self.parts.restoring.ask(model):
            self.parts.first_weights.ask()
        if self.page.state.training:
            self.page.ask("train")

    def _taken(self, model: str, origin: str, **_fields: object) -> None:
        if model == self._revived:
            self._revived = ""
            self.page.dispatch("worker_revived", model=model, kept=origin == "kept")


def _worker_died(state: State) -> None:
    """What the worker had is gone; each network is opened anew when it is chosen."""
    state.records = {}
    state.cached = 0
    state.record.notices["train"] = Notice("The training thread has stopped; another is being started…", "warning")


def _worker_revived(state: State, model: str, kept: bool) -> None:
    with_what = "the weights kept last" if kept else "the shared weights, since none of its own were kept"
    text = f"The training thread had stopped working and was started again. It goes on with {with_what}."
    state.record_of(model).notices["train"] = Notice(text, "warning")


def begin(parts: object) -> None:
    """Watch."""
    transitions.register({"worker_died": _worker_died, "worker_revived": _worker_revived})
    Guard(parts)
