"""Requests to the worker that are repeated while their answer keeps changing, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser import Element

    from scrawl.app.page import Page
    from scrawl.state.app_state import State

PATIENCE = 5000  # milliseconds after which an answer is no longer expected


class Poller:
    """Sends a request at most every `gap` milliseconds: when it is due, and the last one has been answered.

    `send(state)` sends it and returns True; it returns False if there is nothing to ask for at present.
    """

    def __init__(self, page: Page, send: Callable[[State], bool], gap: int) -> None:
        self.page = page
        self.gap = gap
        self.due = True
        self._send = send
        self._waiting = False
        self._sent_at: float = -gap
        self._timer = 0
        page.on_change(self._send_if_due)

    def mark_due(self, **_fields: Any) -> None:
        """Send the request again: the last answer may be outdated."""
        self.due = True
        self.page.request_render()

    def take_answer(self, **_fields: Any) -> None:
        """Note that the answer has come."""
        self._waiting = False
        self.page.request_render()

    def _send_if_due(self, state: State) -> None:
        since = window.performance.now() - self._sent_at
        if not self.due or (self._waiting and since < PATIENCE):
            return
        if since < self.gap:
            if not self._timer:
                self._timer = window.setTimeout(self._end_gap, self.gap - since)
        elif self._send(state):
            self.due, self._waiting = False, True
            self._sent_at = window.performance.now()

    def _end_gap(self) -> None:
        self._timer = 0
        self.page.request_render()


def when_visible(element: Element, changed: Callable[[Element, bool], object]) -> Any:
    """Call `changed(element, whether it is on the screen)` now and whenever that changes. Return the observer."""

    def observe(entries: Any, _observer: Any) -> None:
        for entry in entries:
            changed(entry.target, entry.isIntersecting)

    observer = window.IntersectionObserver.new(observe, {"rootMargin": "60px"})
    observer.observe(element)
    return observer
