"""Requests about the confusion matrix: count it, show the digits of a cell, train on them.

While the matrix is on the screen it is counted again after each measurement of the test accuracy, and whenever
another moment of the run is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

if TYPE_CHECKING:
    from typing import Any

    from browser import Element

    from scrawl.app.page import Page
    from scrawl.state.app_state import Record

PAUSE = 1000  # milliseconds between two counts during training
# Reports after which a matrix is wrong.
REPLACING = ("weights_loaded", "restored", "tuned", "lesson_taken_back", "trained_on_collected", "diverged")


class ConfusionRequests:
    """Sends them to the worker."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._visible = False
        self._counted_at = 0.0
        self._closed = False  # whether the person wants to see no digits
        for kind in REPLACING:
            page.on_report(kind, self._discard)
        page.on_report("checkpoint_shown", self._update)
        page.on_report("evaluated", self._follow_training)
        page.on_report("trained_on_misread", self._recount)
        page.on_report("confusion_counted", self._counted)
        page.on_report("failed", self._give_up)

    def count(self) -> None:
        """Have the test digits read."""
        state = self.page.state
        self._counted_at = window.performance.now()
        self.page.dispatch("count_requested")
        self.page.send(
            "count_confusion", model=JSON.stringify(state.network()), iteration=shown_iteration(state.record)
        )

    def open_cell(self, label: int, prediction: int) -> None:
        """Show the digits of a cell."""
        self._closed = False
        self.page.dispatch("cell_opened", label=label, prediction=prediction)
        self.request_digits()

    def close_cell(self) -> None:
        """Hide the digits of the open cell."""
        self._closed = True
        self.page.dispatch("cell_closed")

    def train(self) -> None:
        """Train on the digits of the open cell."""
        state = self.page.state
        if state.inspection.cell:
            label, prediction = state.inspection.cell
            self.page.dispatch("misread_training_requested")
            self.page.send("train_on_misread", model=state.model, label=label, prediction=prediction)

    def request_digits(self, **_fields: Any) -> None:
        """Request the digits of the open cell."""
        state = self.page.state
        if state.inspection.cell and state.model in state.inspection.confusions:
            label, prediction = state.inspection.cell
            self.page.send("find_misread", model=state.model, label=label, prediction=prediction)

    def _counted(self, **_fields: Any) -> None:
        """Request the digits of the open cell: of the most frequent mistake, until the person chooses another."""
        state = self.page.state
        if not self._closed and not state.inspection.cell and state.model in state.inspection.confusions:
            counts = state.inspection.confusions[state.model].counts
            worst = max((cell for cell in range(100) if cell % 11), key=lambda cell: counts[cell])
            self.open_cell(worst // 10, worst % 10)
        else:
            self.request_digits()

    def set_visible(self, _element: Element, on: bool) -> None:
        """Note whether the matrix is on the screen."""
        self._visible = on
        self._update()

    def _update(self, **_fields: Any) -> None:
        """Count again if the matrix on the screen belongs to another moment of the run."""
        state = self.page.state
        confusion = state.inspection.confusions.get(state.model)
        outdated = confusion is not None and confusion.iteration != shown_iteration(state.record)
        if self._visible and outdated and not (state.training and state.record.shown_checkpoint < 0):
            self.count()

    def _discard(self, model: str, **_fields: Any) -> None:
        self.page.dispatch("confusion_outdated", model=model)

    def _follow_training(self, **_fields: Any) -> None:
        """Count again with a measurement of the test accuracy: the worker has the test digits now."""
        state = self.page.state
        due = window.performance.now() - self._counted_at > PAUSE or not state.training
        idle = not state.inspection.counting and state.record.shown_checkpoint < 0
        if self._visible and due and idle:
            self.count()

    def _give_up(self, **_fields: Any) -> None:
        """Expect no answer any more: a request has failed in the worker, which does not say which one."""
        self.page.dispatch("confusion_failed")

    def _recount(self, **_fields: Any) -> None:
        self.count()


def shown_iteration(record: Record) -> int:
    """Return the iteration of the weights that are shown: a checkpoint's, or the network's own."""
    return next((one[1] for one in record.checkpoints if one[0] == record.shown_checkpoint), record.iteration)
