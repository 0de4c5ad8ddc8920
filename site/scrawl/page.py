"""The page as a whole: its state, its views, its worker, and the one way in which anything changes.

`dispatch` changes the state and has the views render it, once a frame however many events there were.
"""

from browser import self as window
from browser import worker as webworker

from scrawl import protocol
from scrawl.state import State, apply


class Page:
    """Holds the parts together. What an event leads to besides is left to `actions` and `sharing`."""

    def __init__(self) -> None:
        self.state = State()
        self.views: list = []
        self.listeners: dict = {}  # the worker's report → what else to do then
        self._worker = None
        self._unsent: list = []
        self._frame_wanted = False
        webworker.create_worker("worker", self._worker_ready, self._receive)

    def dispatch(self, event: str, **fields: object) -> None:
        """Change the state, and show it with the next frame."""
        apply(self.state, event, **fields)
        self.show()

    def show(self) -> None:
        """Have the views render with the next frame."""
        if not self._frame_wanted:
            self._frame_wanted = True
            window.requestAnimationFrame(self._render)

    def ask(self, kind: str, **fields: object) -> None:
        """Send the worker a request, as soon as it listens."""
        message = protocol.message(protocol.REQUESTS, kind, **fields)
        if self._worker is None:
            self._unsent.append(message)
        else:
            self._worker.send(message)

    def _worker_ready(self, worker: object) -> None:
        self._worker = worker
        for message in self._unsent:
            worker.send(message)
        self._unsent = []

    def _receive(self, event: object) -> None:
        kind, fields = protocol.fields(protocol.REPORTS, event.data)
        if kind in self.listeners:
            self.listeners[kind](**fields)
        else:
            self.dispatch(kind, **fields)

    def _render(self, _time: float) -> None:
        self._frame_wanted = False
        for view in self.views:
            view.render(self.state)
