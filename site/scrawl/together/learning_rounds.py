"""Learns in rounds: takes the shared weights, has the worker learn from them, sends the difference, and again.

An update that got no answer, or lost against many others at once, is sent again with the same key; one that comes too
late, or does harm, is given up, and the next round starts from the shared weights as they are then. So it does not
matter when a tab comes, goes, or loses its connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window

from scrawl.client import fetching
from scrawl.together import remembered_room
from scrawl.together.local_round import FEWEST_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser.arrays import ArrayBuffer

    from scrawl.app.app import App
    from scrawl.together.together_api import TogetherApi

PAUSE = 4000  # milliseconds between two rounds
PIXELS = 784


class LearningRounds:
    """Takes part, from `start` to `stop`."""

    def __init__(self, app: App, api: TogetherApi, want_token: Callable[[], object]) -> None:
        self.page, self.state, self.api = app.page, app.page.state, api
        self._connection, self._want_token = app.connection, want_token
        self._backoff = fetching.Backoff()
        self._session = 0  # counts starts and stops: what belongs to an earlier one is dropped
        self._timer = 0
        self._participant = ""
        self._base = ""  # the version that the worker learns from
        self._unsent: tuple[Any, ...] | None = None  # an update without an answer
        self._number = 0  # of the round
        self.page.on_report("learned_together", self._learned)
        window.addEventListener("online", lambda _event: self._hurry())

    def start(self, model: str, code: str = "") -> None:
        """Take part in learning a network; with a code, in its room."""
        self._session += 1
        self._number += 1  # what the worker learns for others is not theirs
        self._participant = "".join(
            [f"{byte:02x}" for byte in window.crypto.getRandomValues(window.Uint8Array.new(8))]
        )
        self._unsent, self.api.code = None, code
        remembered_room.remember(model, code)
        self._backoff.succeeded()
        self.page.dispatch("together_started", model=model, code=code)
        self._schedule(0)

    def stop(self, text: str, tone: str = "quiet") -> None:
        """Take part no longer."""
        self._session += 1
        window.clearTimeout(self._timer)
        self.api.code = ""
        remembered_room.remember("", "")
        self.page.dispatch("together_stopped", text=text, tone=tone)

    def _schedule(self, pause: float) -> None:
        window.clearTimeout(self._timer)
        self._timer = window.setTimeout(lambda: aio.run(self._attempt(self._session)), pause)

    def _hurry(self) -> None:
        if self.state.together.on:
            self._schedule(0)

    async def _attempt(self, session: int) -> None:
        """Do the part of a round that needs the API, and say what is in the way."""
        try:
            await self._round(session)
        except fetching.ApiUnavailableError as error:
            self._connection.mark_unavailable(str(error))
            if session == self._session:
                seconds = self._backoff.failed()
                text = f"{error}. What this tab learns is sent once it is back."
                self.page.dispatch("together_noticed", text=text, tone="warning")
                self._schedule(1000 * seconds)
        except fetching.RefusedError as error:
            if session == self._session:
                self._refused(error)

    async def _round(self, session: int) -> None:
        model = self.state.together.model
        if self._unsent is not None:
            await self._send(session, *self._unsent)
        buffer, etag = await self.api.weights(model)
        status = await self.api.status(model)
        if session != self._session:
            return
        self._backoff.succeeded()
        self._base = etag.strip('W/"').split(".")[0]
        self.page.dispatch(
            "together_learned", accuracy=float(status["accuracy"]), participants=status["participants"]
        )
        if etag != self.state.record_of(model).etag and not self.state.training:
            self.page.dispatch("etag_known", model=model, etag=etag)
            self.page.send("load_weights", model=model, buffer=buffer, origin="shared")
        labels, pictures = self._digits()
        missing = FEWEST_DIGITS - labels.length
        if missing > 0 and not self.state.together.with_blocks:
            text = f"Keep {missing} more of your digits to take part: an update comes from {FEWEST_DIGITS} at least."
            self.page.dispatch("together_noticed", text=text)
            self._schedule(PAUSE)
            return
        fields = {"labels": labels, "pictures": pictures, "with_blocks": self.state.together.with_blocks}
        self._number += 1
        self.page.send("learn_together", number=self._number, model=model, buffer=buffer, **fields)

    def _learned(self, number: int, samples: int, buffer: ArrayBuffer | None) -> None:
        """Send what the worker has learned, unless it belongs to a round before."""
        if not self.state.together.on or number != self._number:
            return
        if buffer is None:
            self.page.dispatch("together_noticed", text="MNIST's digits are still on their way.")
            self._schedule(PAUSE)
            return
        self._unsent = (buffer, self._base, samples, f"{self._participant}-{number}")
        aio.run(self._attempt_to_send(self._session))

    async def _attempt_to_send(self, session: int) -> None:
        try:
            if self._unsent is not None:
                await self._send(session, *self._unsent)
        except fetching.ApiUnavailableError:
            self._schedule(0)  # which says so, and waits
            return
        except fetching.RefusedError as error:
            if session == self._session:
                self._refused(error)
            return
        if session == self._session:
            self._schedule(PAUSE)

    async def _send(self, session: int, buffer: ArrayBuffer, base: str, samples: int, key: str) -> None:
        model = self.state.together.model
        answer = await self.api.send(model, buffer, base, samples, self._participant, key)
        if session != self._session:
            return
        self._unsent = None
        self.page.dispatch("together_update_sent", weight=answer["weight"], samples=samples)
        accuracy = float(answer["accuracy"])
        self.page.dispatch("together_learned", accuracy=accuracy, participants=answer["participants"])

    def _refused(self, error: fetching.RefusedError) -> None:
        """Go on with the shared weights as they are now, unless this tab may not take part."""
        if error.status == 409 and self._unsent is not None:  # others were quicker again and again: it still counts
            self._schedule(PAUSE)
            return
        self._unsent = None
        if error.status == 404:
            self.stop(f"This room is over: {error}.", "warning")
        elif error.status in (401, 403):
            self.stop("Changing everybody's weights needs a token; a room needs its code.", "warning")
            self._want_token()
        else:
            if error.status == 422:
                text = f"The last update was not taken: {error}. Nobody loses by it; the next one starts afresh."
                self.page.dispatch("together_noticed", text=text, tone="warning")
            self._schedule(PAUSE)

    def _digits(self) -> tuple[Any, Any]:
        """Return the labels and pictures that this browser keeps, the oldest first."""
        digits = self.state.share.digits[::-1]
        pictures = window.Uint8Array.new(PIXELS * len(digits))
        for index, (_key, _label, picture) in enumerate(digits):
            pictures.set(picture, PIXELS * index)
        return window.Uint8Array.new([label for _key, label, _picture in digits]), pictures
