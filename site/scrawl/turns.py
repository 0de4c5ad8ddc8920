"""Who renders when: views take turns, and a frame has time for only some of them. Pure; the frames are `page`'s."""

AT_MOST = 6  # milliseconds of a frame, but each view is let finish


class Turns:
    """The `views` that take turns. `clock` returns milliseconds."""

    def __init__(self, clock: object) -> None:
        self.views: list = []
        self.clock = clock
        self._changed = False  # whether all are to have a turn again
        self._due = 0  # how many have not had it yet
        self._next = 0  # the place of the one whose turn it is

    def renew(self) -> None:
        """Let every view have a turn again: the state has changed."""
        self._changed = True

    def take(self, state: object) -> bool:
        """Let views render for as long as a frame allows. Return whether there is more to do in the next one.

        A view whose `render` returns True has more to do itself.
        """
        until = self.clock() + AT_MOST
        if self._changed:
            self._changed, self._due = False, len(self.views)
        while self._due and self.clock() < until:
            view = self.views[self._next]
            self._next = (self._next + 1) % len(self.views)
            self._due -= 1
            if view.render(state):
                self._changed = True
        return self._changed or self._due > 0
