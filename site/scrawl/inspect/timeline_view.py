"""The timeline: a slider over the checkpoints of the run, which prediction, layers and confusion matrix follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.inspect import descriptions
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Element

    from scrawl.state.app_state import State

TIMELINE = """<h3><label for="timeline">How it came here</label></h3>
<p class="hint">Slide back: reading, layers and mistakes show the network as it was then. Training goes on.</p>
<div class="timeline-row"><input type="range" id="timeline" min="0" max="0" step="1" value="0"
 aria-describedby="timeline-words">
<button type="button" id="timeline-live" aria-pressed="true" title="Look at the network as it is now">Live</button>
<button type="button" id="timeline-restore" title="Take the weights of then, and go on from there" disabled>Go on from
here</button></div><p id="timeline-words" class="cell-words"></p>"""
LIVE = -1  # in place of a checkpoint's number: the network as it is


class TimelineView:
    """Owns the slider. `show(number)` shows a checkpoint, `restore(number)` takes its weights."""

    def __init__(self, root: Element, show: Callable[[int], object], restore: Callable[[int], object]) -> None:
        root.innerHTML = TIMELINE
        self.root = root
        self.slider, self.description = by_id("timeline"), by_id("timeline-words")
        self.live, self.back = by_id("timeline-live"), by_id("timeline-restore")
        self._numbers: list[int] = []  # of the checkpoints, by position on the slider; LIVE comes last
        self._number = LIVE  # the one that is shown
        self.slider.bind("input", lambda _event: show(self._numbers[int(self.slider.value)]))
        self.live.bind("click", lambda _event: show(LIVE))
        self.back.bind("click", lambda _event: restore(self._number))
        self._shown: list[object] = []

    def render(self, state: State) -> None:
        """Show the position in the run."""
        record, wanted = state.record, state.inspection.wanted_checkpoint
        shown = [record.checkpoints, record.shown_checkpoint, record.iteration, wanted]
        if self._shown == shown:
            return
        self._shown = shown
        self._number = record.shown_checkpoint if wanted is None else wanted
        self._numbers = [*[number for number, _, _ in record.checkpoints], LIVE]
        position = self._position()
        set_attribute(self.slider, "max", str(len(self._numbers) - 1))
        if int(self.slider.value) != position:
            self.slider.value = str(position)
        is_live = self._number == LIVE
        set_flag(self.root, "hidden", not record.checkpoints)
        set_attribute(self.live, "aria-pressed", "true" if is_live else "false")
        set_flag(self.back, "disabled", is_live)
        set_attribute(self.root, "data-live", "yes" if is_live else "no")
        checkpoint = None if is_live else record.checkpoints[position]
        text = descriptions.timeline_position(checkpoint, len(record.checkpoints))
        set_text(self.description, text)
        set_attribute(self.slider, "aria-valuetext", text)

    def _position(self) -> int:
        """Return the slider's position for the checkpoint; for one that is gone, that of the last one before it."""
        if self._number == LIVE:
            return len(self._numbers) - 1
        before = [position for position, number in enumerate(self._numbers[:-1]) if number <= self._number]
        if not before:
            self._number = LIVE
            return len(self._numbers) - 1
        return before[-1]
