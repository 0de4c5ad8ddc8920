"""The worker's training: done in slices of a few milliseconds, with the blocks that come in meanwhile.

Between two slices the browser hands over what the page has asked, so that a prediction never waits long. What is
learned and measured is `trainer`'s business, where blocks come from `source`'s.
"""

from browser import self as window
from javascript import JSON

from scrawl.learner import Learner
from scrawl.source import Source
from scrawl.teaching import Teacher
from scrawl.trainer import Trainer

SLICE = 0.012  # seconds
REPORT_EVERY = 0.1  # seconds between two reports of progress
PIXELS = 28 * 28


def now() -> float:
    """Return seconds."""
    return window.performance.now() / 1000


class Training:
    """Trains the selected network of a `worker`, whose requests about training are the methods here."""

    def __init__(self, worker: object, settings: dict) -> None:
        self.worker = worker
        self.tell = worker.tell
        self.learners: dict = {}  # model → Learner
        self.model = worker.selected.model
        self.trainer = Trainer(worker.kernel, self._learner(worker.selected), settings, now)
        self.teacher = Teacher(worker.kernel, worker.selected.network)
        self.source = None
        self._scheduled = False
        self._last_report = 0.0
        self._channel = window.MessageChannel.new()
        self._channel.port1.onmessage = self._tick

    def select(self, opened: object) -> None:
        """Go on with another network; the one so far is paused, and keeps what it has."""
        if opened.model == self.model:
            return
        if self.trainer.training or self.trainer.steps_wanted:
            self.pause()
        self.model = opened.model
        self.trainer.select(self._learner(opened))
        self.teacher.network = opened.network

    def restart(self, model: str) -> None:
        """Begin counting anew, or where a kept run has stopped: a network's weights are others."""
        if model == self.model:
            self.trainer.restart()
        elif model in self.learners:
            self.learners[model].restart()
        if model in self.learners:
            self.learners[model].iteration = self.worker.opened[model].iteration

    def _learner(self, opened: object) -> object:
        if opened.model not in self.learners:
            self.learners[opened.model] = Learner(opened.network, now)
            self.learners[opened.model].iteration = opened.iteration
        return self.learners[opened.model]

    # Requests

    def settings(self, settings: str) -> None:
        """Take other settings, from the next step on."""
        self.trainer.set(JSON.parse(settings))
        if self.source is not None:
            self.source.pump()

    def blocks_at(self, url: str, splits: str) -> None:
        """Learn where blocks are; if that is known, ask there again at once."""
        if self.source is not None:
            self.source.retry()
            return
        self.trainer.use(JSON.parse(splits))
        self.source = Source(url, self.trainer, self.tell, self.wake)
        if self.trainer.training or self.trainer.steps_wanted:
            self.source.start()

    def train(self) -> None:
        """Train until told to pause."""
        self.trainer.start()
        self._want_blocks()

    def pause(self) -> None:
        """Stop training, and measure what has been reached."""
        self.trainer.pause()
        self._report()

    def step(self) -> None:
        """Do one step."""
        self.trainer.steps_wanted += 1
        self._want_blocks()

    def tune(self, label: int) -> None:
        """Learn the picture that was read last."""
        reader = self.worker.reader
        if reader.picture is None:
            return
        byte = window.Uint8Array.new([label])
        before, after, steps = self.teacher.teach(reader.image, reader.picture, byte)
        self.tell("tuned", model=self.model, label=label, before=before, after=after, steps=steps)
        self.trainer.learner.ask_evaluation()
        self.worker.read_again()

    def sample(self) -> None:
        """Hand out a digit of the cached blocks."""
        ranges = self.trainer.cache.ranges() if self.trainer.cache else []
        if not ranges:
            self.tell("sampled", picture=None, label=0)
            return
        first, count = ranges[int(window.Math.random() * len(ranges))]
        row = first + int(window.Math.random() * count)
        samples, memory = self.trainer.samples, self.worker.kernel.bytes
        begin = samples.images + PIXELS * row
        self.tell("sampled", picture=memory.slice(begin, begin + PIXELS), label=memory[samples.labels + row])

    # Slices

    def wake(self) -> None:
        """Have a slice done soon if there is something to do."""
        if not self._scheduled and self.trainer.is_busy():
            self._scheduled = True
            self._channel.port2.postMessage(0)

    def _tick(self, _event: object) -> None:
        self._scheduled = False
        stepping = self.trainer.steps_wanted
        try:
            result = self.trainer.run(now() + SLICE)
        except Exception as error:
            self.trainer.training, self.trainer.steps_wanted = False, 0
            self.tell("failed", message=f"{type(error).__name__}: {error}")
            return
        if self.trainer.divergence:
            self.tell("diverged", model=self.model, **self.trainer.divergence)
        if stepping or result or now() - self._last_report >= REPORT_EVERY:
            self._report()
        if result:
            self.tell("evaluated", model=self.model, **result)
        self.wake()

    def _report(self) -> None:
        self._last_report = now()
        if self.trainer.learner.iteration:
            self.tell("progress", model=self.model, **self.trainer.learner.progress())
        self.worker.read_again()
        if self.source is not None:
            self.source.pump()

    def _want_blocks(self) -> None:
        if self.source is not None:
            self.source.start()
