"""The page's end of the line to the worker, which the page's head has started already, since it takes longest.

What is told before the page listens waits here; what is asked before the worker listens, waits with the browser, and
is asked again if that worker never comes to life. What becomes of one that dies later is `guard`'s business.
"""

from browser import self as window

from scrawl import protocol

AGAIN = 3000  # milliseconds until a worker that could not start is started again


class Link:
    """The line to the worker; `listener(kind, **fields)` is called for each report."""

    def __init__(self) -> None:
        self.listener = None
        self.heard_at = 0.0  # milliseconds
        self._unheard: list = []
        self._begin(window.firstWorker)

    def ask(self, kind: str, **fields: object) -> None:
        """Send the worker a request."""
        message = protocol.message(protocol.REQUESTS, kind, **fields)
        if not self.heard_at:
            self._unanswered.append(message)
        self._worker.postMessage(message)

    def listen(self, listener: object) -> None:
        """Have reports delivered."""
        self.listener = listener
        for kind, fields in self._unheard:
            listener(kind, **fields)
        self._unheard = []

    def renew(self) -> None:
        """Give the worker up, and start another."""
        self._worker.onmessage = self._worker.onerror = None
        self._worker.terminate()
        self._begin(window.startWorker())

    def _begin(self, worker: object) -> None:
        self._worker = window.scrawlWorker = worker
        self._unanswered: list = []
        self.heard_at = 0.0
        worker.onmessage = self._receive
        worker.onerror = self._failed
        if hasattr(worker, "failed"):
            self._failed(None)

    def _failed(self, _event: object) -> None:
        if not self.heard_at:
            window.setTimeout(self._try_again, AGAIN)

    def _try_again(self) -> None:
        unanswered = self._unanswered
        self.renew()
        for message in unanswered:
            self._unanswered.append(message)
            self._worker.postMessage(message)

    def _receive(self, event: object) -> None:
        self.heard_at = window.performance.now()
        self._unanswered = []
        kind, fields = protocol.fields(protocol.REPORTS, event.data)
        if self.listener is None:
            self._unheard.append((kind, fields))
        else:
            self.listener(kind, **fields)
