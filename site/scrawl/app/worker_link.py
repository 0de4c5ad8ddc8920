"""The page's line to the worker, which the page's head has started already, since it takes longest.

Reports that come before the page listens wait here. Requests that are sent before the worker listens wait in the
browser, and are sent again if that worker never starts. `watchdog` replaces a worker that stops later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl import protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser import Event

RETRY = 3000  # milliseconds until a worker that could not start is started again


class WorkerLink:
    """The line to the worker; `listener(kind, **fields)` is called for each report."""

    def __init__(self) -> None:
        self.listener: Callable[..., object] | None = None
        self.heard_at = 0.0  # milliseconds; 0 until the worker has reported something
        self._undelivered: list[tuple[str, dict[str, Any]]] = []
        self._connect(window.firstWorker)

    def send(self, kind: str, **fields: Any) -> None:
        """Send the worker a request."""
        message = protocol.message(protocol.REQUESTS, kind, **fields)
        if not self.heard_at:
            self._unanswered.append(message)
        self._worker.postMessage(message)

    def listen(self, listener: Callable[..., object]) -> None:
        """Have reports delivered."""
        self.listener = listener
        undelivered, self._undelivered = self._undelivered, []
        for kind, fields in undelivered:
            listener(kind, **fields)

    def stop(self) -> None:
        """Give up the worker, with all that it does."""
        self._worker.onmessage = self._worker.onerror = None
        self._worker.terminate()

    def restart(self) -> None:
        """Give up the worker, and start another."""
        self.stop()
        self._connect(window.startWorker())

    def _connect(self, worker: Any) -> None:
        self._worker = window.scrawlWorker = worker
        self._unanswered: list[dict[str, Any]] = []
        self.heard_at = 0.0
        worker.onmessage = self._receive
        worker.onerror = self._failed
        if hasattr(worker, "failed"):
            self._failed(None)

    def _failed(self, _event: Event | None) -> None:
        if not self.heard_at:
            window.setTimeout(self._retry, RETRY)

    def _retry(self) -> None:
        unanswered = self._unanswered
        self.restart()
        for message in unanswered:
            self._unanswered.append(message)
            self._worker.postMessage(message)

    def _receive(self, event: Event) -> None:
        self.heard_at = window.performance.now()
        self._unanswered = []
        kind, fields = protocol.fields(protocol.REPORTS, event.data)
        if self.listener is None:
            self._undelivered.append((kind, fields))
        else:
            self.listener(kind, **fields)
