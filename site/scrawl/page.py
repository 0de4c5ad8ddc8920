"""The page as a whole: its state, its views, and the one way in which anything changes.

`dispatch` changes the state and has the views render it, once a frame however many events there were. A view with
much to do may return True from `render` and go on with the next frame.
"""

from browser import self as window

from scrawl.state import State
from scrawl.transitions import apply


class Page:
    """Holds the parts together. What an event leads to besides is left to `actions` and `sharing`."""

    def __init__(self, link: object) -> None:
        self.state = State()
        self.views: list = []
        self.listeners: dict = {}  # the worker's report → what to do instead of dispatching it
        self.ask = link.ask
        self._frame_wanted = False
        link.listen(self._heard)

    def dispatch(self, event: str, **fields: object) -> None:
        """Change the state, and show it with the next frame."""
        apply(self.state, event, **fields)
        self.show()

    def show(self) -> None:
        """Have the views render with the next frame."""
        if not self._frame_wanted:
            self._frame_wanted = True
            window.requestAnimationFrame(self._render)

    def _heard(self, kind: str, **fields: object) -> None:
        if kind in self.listeners:
            self.listeners[kind](**fields)
        else:
            self.dispatch(kind, **fields)

    def _render(self, _time: float) -> None:
        self._frame_wanted = False
        unfinished = [view for view in self.views if view.render(self.state)]
        if unfinished:
            self.show()
