"""Asking the worker again and again for something that keeps changing, one question at a time."""

from browser import self as window

PATIENCE = 5000  # milliseconds after which an answer is no longer expected


class Asker:
    """Asks at most every `gap` milliseconds, when `touch` has been called and the last answer is there.

    `ask()` sends the question; it returns False if there is no use in it now.
    """

    def __init__(self, page: object, ask: object, gap: int) -> None:
        self.page = page
        self.ask = ask
        self.gap = gap
        self._wanted = True
        self._waiting = False
        self._asked = -gap
        self._timer_set = False

    def is_wanted(self) -> bool:
        """Whether there is something to ask yet."""
        return self._wanted

    def touch(self, **_fields: object) -> None:
        """What was answered may no longer hold."""
        self._wanted = True
        self.page.request_render()

    def answered(self, **_fields: object) -> None:
        """Take note that the answer has come."""
        self._waiting = False
        self.page.request_render()

    def render(self, _state: object) -> None:
        """Ask, if it is time."""
        if not self._wanted:
            return
        since = window.performance.now() - self._asked
        if self._waiting and since < PATIENCE:
            return
        if since < self.gap:
            self._later(self.gap - since)
        elif self.ask() is not False:
            self._wanted, self._waiting = False, True
            self._asked = window.performance.now()

    def _later(self, milliseconds: float) -> None:
        if not self._timer_set:
            self._timer_set = True
            window.setTimeout(self._time_is_up, milliseconds)

    def _time_is_up(self) -> None:
        self._timer_set = False
        self.page.request_render()


def when_visible(element: object, changed: object) -> object:
    """Call `changed(element, whether it is on the screen)` now and whenever that changes. Return the observer."""

    def observed(entries: object, _observer: object) -> None:
        for entry in entries:
            changed(entry.target, entry.isIntersecting)

    observer = window.IntersectionObserver.new(observed, {"rootMargin": "60px"})
    observer.observe(element)
    return observer
