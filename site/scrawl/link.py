"""The page's end of the line to the worker. It is made before anything else, since the worker takes longest to start.

What is asked before the worker listens, and told before the page does, waits here.
"""

from browser import worker as webworker

from scrawl import protocol


class Link:
    """Starts the worker; `listener(kind, **fields)` is called for each report."""

    def __init__(self) -> None:
        self.listener = None
        self._worker = None
        self._unsent: list = []
        self._unheard: list = []
        webworker.create_worker("worker", self._ready, self._receive)

    def ask(self, kind: str, **fields: object) -> None:
        """Send the worker a request."""
        message = protocol.message(protocol.REQUESTS, kind, **fields)
        if self._worker is None:
            self._unsent.append(message)
        else:
            self._worker.send(message)

    def listen(self, listener: object) -> None:
        """Have reports delivered."""
        self.listener = listener
        for kind, fields in self._unheard:
            listener(kind, **fields)
        self._unheard = []

    def _ready(self, worker: object) -> None:
        self._worker = worker
        for message in self._unsent:
            worker.send(message)
        self._unsent = []

    def _receive(self, event: object) -> None:
        kind, fields = protocol.fields(protocol.REPORTS, event.data)
        if self.listener is None:
            self._unheard.append((kind, fields))
        else:
            self.listener(kind, **fields)
