"""The page as a whole: its state, its views, and the one way in which anything changes.

`dispatch` changes the state and has the views render it, however many events there were. They take turns (`turns`),
so that no frame takes long. What the pen leaves, its reading and what the page's start waits for is shown with every
frame, before all else.
"""

from browser import self as window
from javascript import JSON

from scrawl.state.app_state import State
from scrawl.state.transitions import apply
from scrawl.ui.render_queue import Turns

WHILE_TRAINING = 80  # milliseconds between two states that are shown: the eye needs no more


class Page:
    """Holds the parts together. What an event leads to besides is left to `actions`, `reading` and `sharing`."""

    def __init__(self, link: object) -> None:
        self.state = State()
        self.at_once: list = []  # views that are rendered with every frame
        self._turns = Turns(window.performance.now)
        self.views = self._turns.views
        self.instead: dict = {}  # the worker's report → what to do instead of dispatching it
        self.afterwards: dict = {}  # the worker's report → what else to do once it has been dispatched
        self.ask = link.ask
        self._frame_wanted = False
        self._timer = 0
        link.listen(self._heard)

    def dispatch(self, event: str, **fields: object) -> None:
        """Change the state, and show it with the next frame."""
        apply(self.state, event, **fields)
        self.show()

    def show(self) -> None:
        """Have the views render, from the next frame on."""
        self._turns.renew()
        self._ask_frame()

    def _ask_frame(self) -> None:
        if not self._frame_wanted:
            self._frame_wanted = True
            window.requestAnimationFrame(self._render)

    def _heard(self, kind: str, **fields: object) -> None:
        if "metadata" in fields:
            fields["metadata"] = JSON.parse(fields["metadata"])
        if kind in self.instead:
            self.instead[kind](**fields)
            return
        self.dispatch(kind, **fields)
        for action in self.afterwards.get(kind, []):
            action(**fields)

    def after(self, kind: str, action: object) -> None:
        """Have something done after each report of a kind, with its fields."""
        self.afterwards.setdefault(kind, []).append(action)

    def _render(self, _time: float) -> None:
        self._frame_wanted = False
        for view in self.at_once:
            view.render(self.state)
        pause = self._turns.take(self.state, WHILE_TRAINING if self.state.training else 0)
        if pause == 0:
            self._ask_frame()
        elif pause is not None and not self._timer:
            self._timer = window.setTimeout(self._time_is_up, pause)

    def _time_is_up(self) -> None:
        self._timer = 0
        self._ask_frame()
