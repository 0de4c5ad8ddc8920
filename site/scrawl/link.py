"""The page's end of the line to the worker, which the page's head has started already, since it takes longest.

What is told before the page listens waits here; what is asked before the worker listens, waits with the browser.
"""

from browser import self as window

from scrawl import protocol


class Link:
    """The line to the worker; `listener(kind, **fields)` is called for each report."""

    def __init__(self) -> None:
        self.listener = None
        self._unheard: list = []
        self._worker = window.firstWorker
        self._worker.onmessage = self._receive

    def ask(self, kind: str, **fields: object) -> None:
        """Send the worker a request."""
        self._worker.postMessage(protocol.message(protocol.REQUESTS, kind, **fields))

    def listen(self, listener: object) -> None:
        """Have reports delivered."""
        self.listener = listener
        for kind, fields in self._unheard:
            listener(kind, **fields)
        self._unheard = []

    def _receive(self, event: object) -> None:
        kind, fields = protocol.fields(protocol.REPORTS, event.data)
        if self.listener is None:
            self._unheard.append((kind, fields))
        else:
            self.listener(kind, **fields)
