"""Which views render in which frame: each gets its turn, and a frame has time for only some of them.

Pure; `Page` asks for the frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class View[State](Protocol):
        """Changes the DOM, and nothing else."""

        def render(self, state: State, /) -> bool | None:
            """Show the state. Return True if there is more to do in the next frame."""


FRAME_TIME = 8  # milliseconds of a frame
MINIMUM_VIEWS = 2  # in a frame all the same: on a busy machine the clock runs while the page waits


class RenderQueue[State]:
    """The `views` that take turns. `clock` returns milliseconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.views: list[View[State]] = []
        self.clock = clock
        self._changed = False  # whether all views are to render again
        self._outdated = False  # whether they are to do so in one frame
        self._started = -1e9  # when they last started to
        self._due: list[View[State]] = []  # those that have not rendered since then
        self._unfinished: list[View[State]] = []  # those with more to do

    def mark_changed(self) -> None:
        """Have every view render again: the state has changed."""
        self._changed = True

    def mark_outdated(self) -> None:
        """Have every view render in the next frame, however long it takes: the page's size or colours are others."""
        self._changed = self._outdated = True

    def render_some(self, state: State, interval: float = 0) -> float | None:
        """Let views render for as long as a frame allows; all of them at most once in `interval` milliseconds.

        Return in how many milliseconds there is more to do, None for nothing. A view that raises is not due any
        more; the others are.
        """
        now = self.clock()
        most = MINIMUM_VIEWS
        if self._outdated or (self._changed and not self._due and now - self._started >= interval):
            if self._outdated:
                most = len(self.views)
            self._changed, self._outdated, self._started = False, False, now
            self._due, self._unfinished = [*self.views], []
        count, unfinished = 0, []
        try:
            while (self._due or self._unfinished) and (count < most or self.clock() < now + FRAME_TIME):
                count += 1
                view = (self._due or self._unfinished).pop(0)
                if view.render(state):
                    unfinished.append(view)
        finally:
            self._unfinished += unfinished
        if self._due or self._unfinished:
            return 0
        return max(0, self._started + interval - self.clock()) if self._changed else None
