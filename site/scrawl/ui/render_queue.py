"""Who renders when: views take turns, and a frame has time for only some of them. Pure; the frames are `page`'s."""

AT_MOST = 8  # milliseconds of a frame
AT_LEAST = 2  # views in a frame all the same: on a busy machine the clock runs while the page waits


class Turns:
    """The `views` that take turns. `clock` returns milliseconds."""

    def __init__(self, clock: object) -> None:
        self.views: list = []
        self.clock = clock
        self._changed = False  # whether all are to have a turn again
        self._begun = -1e9  # when they were last
        self._due: list = []  # those who have not had it yet, and those with more to do

    def renew(self) -> None:
        """Let every view have a turn again: the state has changed."""
        self._changed = True

    def take(self, state: object, every: float = 0) -> float | None:
        """Let views render for as long as a frame allows; all of them at most once in `every` milliseconds.

        Return in how many milliseconds there is more to do, None for nothing. A view whose `render` returns True has
        more to do in the next frame.
        """
        now = self.clock()
        if self._changed and now - self._begun >= every:
            self._changed, self._begun = False, now
            self._due += [view for view in self.views if view not in self._due]
        turns, again = 0, []
        while self._due and (turns < AT_LEAST or self.clock() < now + AT_MOST):
            turns += 1
            view = self._due.pop(0)
            if view.render(state):
                again.append(view)
        self._due += again
        if self._due:
            return 0
        return max(0, self._begun + every - self.clock()) if self._changed else None
