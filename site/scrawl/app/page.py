"""The page: its state, its views, and the one way in which anything changes.

`dispatch` changes the state. With the next frame, however many events there were, three things happen:

1. The frame views render: what the pen draws, the prediction, the training buttons, and the phase of the start.
2. The effects, functions given to `on_change`, run. They may send requests, load code or dispatch; views never do.
3. The other views render as far as the frame has time for them (`RenderQueue`).

What the pen or a pressed button does, and what is read then, does not wait for the frame: `dispatch_at_once` does 1
and 2 on the spot. A busy machine or a hidden tab has no frame for seconds. Nor does the start wait longer than
`LATEST_FRAME`: a page that is opened in a background tab gets ready there.

The worker's reports change the state like other events, under their own names. `handle_report` names those that
somebody answers instead, and `on_report` who else is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

from scrawl.listeners import call_each
from scrawl.state.app_state import State
from scrawl.state.transitions import apply
from scrawl.ui.render_queue import RenderQueue

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from scrawl.app.worker_link import WorkerLink
    from scrawl.ui.render_queue import View

    type Effect = Callable[[State], object]
    type ReportHandler = Callable[..., object]  # takes the fields of a report, as `protocol` lists them

WHILE_TRAINING = 80  # milliseconds between two states that are shown: the eye needs no more
WHILE_DRAWING = 200  # the same while somebody draws: what is read comes first
DRAWING = 500  # milliseconds after a change of the drawing that count as drawing
WHILE_LOADING = 200  # the same while digits come: they, the network and the views need the same cores
LATEST_FRAME = 250  # milliseconds after which the start does without a frame
FIRST_STEPS = 16  # of a run, whose measurements are shown as soon as ever


class Page:
    """State, views, effects, and the line to the worker."""

    def __init__(self, link: WorkerLink) -> None:
        self.state = State()
        self.frame_views: list[View[State]] = []  # rendered with every frame
        self._queue: RenderQueue[State] = RenderQueue(window.performance.now)
        self.views = self._queue.views
        self.send = link.send
        self._effects: list[Effect] = []
        self._report_handlers: dict[str, ReportHandler] = {}
        self._report_listeners: dict[str, list[ReportHandler]] = {}
        self._changed = False
        self._revision = self.state.drawing.revision
        self._drawn_at: float = -DRAWING
        self._frame_requested = False
        self._starting = True
        self._timer = 0
        link.listen(self._receive)

    def dispatch(self, event: str, **fields: Any) -> None:
        """Change the state, and show it with the next frame."""
        apply(self.state, event, **fields)
        self.request_render()

    def dispatch_at_once(self, event: str, **fields: Any) -> None:
        """Change the state, show it in the frame views, run the effects: for a press a frame is too late."""
        self.dispatch(event, **fields)
        self._show()

    def complete(self) -> None:
        """Note that the start is over: from now on nothing is shown without a frame."""
        self._starting = False

    def request_repaint(self) -> None:
        """Have all views render in the next frame: the page's size or colours have changed."""
        self._queue.mark_outdated()
        self.request_render()

    def request_render(self) -> None:
        """Have the effects run and the views render, from the next frame on."""
        self._changed = True
        self._queue.mark_changed()
        self._request_frame()

    def on_change(self, effect: Effect) -> None:
        """Have `effect(state)` called after changes, once a frame. It may send, load and dispatch, unlike a view."""
        self._effects.append(effect)

    def on_report(self, kind: str, listener: ReportHandler) -> None:
        """Have something done after each report of a kind, with its fields."""
        self._report_listeners.setdefault(kind, []).append(listener)

    def handle_report(self, kind: str, handler: ReportHandler) -> None:
        """Have a kind of report answered by a handler instead of changing the state. There can be only one."""
        if kind in self._report_handlers:
            raise ValueError(f"the report {kind!r} has a handler already")
        self._report_handlers[kind] = handler

    def _receive(self, kind: str, **fields: Any) -> None:
        if "metadata" in fields:
            fields["metadata"] = JSON.parse(fields["metadata"])
        if kind in self._report_handlers:
            self._report_handlers[kind](**fields)
        else:
            self.dispatch(kind, **fields)
        call_each(self._report_listeners.get(kind, ()), **fields)

    def _request_frame(self) -> None:
        if not self._frame_requested:
            self._frame_requested = True
            window.requestAnimationFrame(self._render)
            if self._starting:
                window.setTimeout(self._render, LATEST_FRAME, 0)

    def _render(self, _time: float) -> None:
        if not self._frame_requested:
            return  # the frame, or what takes its place, has come before
        self._frame_requested = False
        try:
            self._show()
        finally:
            self._render_queue()

    def _show(self) -> None:
        if not self._changed:
            return
        if self._revision != self.state.drawing.revision:
            self._revision, self._drawn_at = self.state.drawing.revision, window.performance.now()
        for view in self.frame_views:
            view.render(self.state)
        self._changed = False
        call_each(self._effects, self.state)

    def _render_queue(self) -> None:
        pause: float | None = 0  # also if a view raises: the others are still due
        try:
            pause = self._queue.render_some(self.state, self._interval())
        finally:
            if pause == 0:
                self._request_frame()
            elif pause is not None and not self._timer:
                self._timer = window.setTimeout(self._end_pause, pause)

    def _interval(self) -> int:
        if not self.state.training:
            return 0
        if window.performance.now() - self._drawn_at < DRAWING:
            return WHILE_DRAWING
        started = self.state.record.iteration > FIRST_STEPS
        return WHILE_LOADING if started and self.state.worker_requests else WHILE_TRAINING

    def _end_pause(self) -> None:
        self._timer = 0
        self._request_frame()
