"""The timeline: a slider over the checkpoints of the run, which reading, layers and confusion follow."""

from scrawl.inspect import descriptions
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text

TIMELINE = """<h3><label for="timeline">How it came here</label></h3>
<p class="hint">Slide back: reading, layers and mistakes show the network as it was then. Training goes on.</p>
<div class="timeline-row"><input type="range" id="timeline" min="0" max="0" step="1" value="0"
 aria-describedby="timeline-words">
<button type="button" id="timeline-live" aria-pressed="true" title="Look at the network as it is now">Live</button>
<button type="button" id="timeline-restore" title="Take the weights of then, and go on from there" disabled>Go on from
here</button></div><p id="timeline-words" class="cell-words"></p>"""


class TimelineView:
    """Owns the slider. `scrub(number)` looks at a checkpoint, -1 at the network now; `restore(number)` goes back."""

    def __init__(self, root: object, scrub: object, restore: object) -> None:
        root.innerHTML = TIMELINE
        self.root = root
        self.slider, self.words = by_id("timeline"), by_id("timeline-words")
        self.live, self.back = by_id("timeline-live"), by_id("timeline-restore")
        self._numbers: list = []  # of the checkpoints, by place on the slider; -1, live, comes last
        self._number = -1  # that is looked at
        self.slider.bind("input", lambda _event: scrub(self._numbers[int(self.slider.value)]))
        self.live.bind("click", lambda _event: scrub(-1))
        self.back.bind("click", lambda _event: restore(self._number))
        self._shown: list = []

    def render(self, state: object) -> None:
        """Show where on the way one looks."""
        record, wanted = state.record, state.inside.scrub_to
        shown = [record.checkpoints, record.shown_checkpoint, record.iteration, wanted]
        if self._shown == shown:
            return
        self._shown = shown
        self._number = record.shown_checkpoint if wanted is None else wanted
        self._numbers = [*[number for number, _, _ in record.checkpoints], -1]
        place = self._place()
        set_attribute(self.slider, "max", str(len(self._numbers) - 1))
        if int(self.slider.value) != place:
            self.slider.value = str(place)
        set_flag(self.root, "hidden", not record.checkpoints)
        set_attribute(self.live, "aria-pressed", "true" if self._number < 0 else "false")
        set_flag(self.back, "disabled", self._number < 0)
        set_attribute(self.root, "data-live", "yes" if self._number < 0 else "no")
        said = descriptions.moment(record.checkpoints[place] if self._number >= 0 else None, len(record.checkpoints))
        set_text(self.words, said)
        set_attribute(self.slider, "aria-valuetext", said)

    def _place(self) -> int:
        """Return where on the slider the checkpoint is; one that had to go gives way to the last one before it."""
        if self._number < 0:
            return len(self._numbers) - 1
        before = [place for place, number in enumerate(self._numbers[:-1]) if number <= self._number]
        if not before:
            self._number = -1
            return len(self._numbers) - 1
        return before[-1]
