"""The worker's training: done in slices of a few milliseconds, with the blocks that come in meanwhile.

Between two slices the browser hands over what the page has asked, so that a prediction never waits long. What is
learned and measured is `trainer`'s business, where blocks come from `source`'s.
"""

from browser import self as window
from javascript import JSON

from scrawl.state import settings as presets
from scrawl.training.teaching import Teacher
from scrawl.training.trainer import Trainer
from scrawl.training.training_run import TrainingRun
from scrawl.worker.block_source import Source

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
        self.runs: dict = {}  # model → TrainingRun
        self.model = worker.selected.model
        self.trainer = Trainer(worker.kernel, self._training_run(worker.selected), settings, now)
        self.teacher = Teacher(worker.kernel, worker.selected.network)
        self.source = None
        self._scheduled = False
        self._last_report = 0.0
        self._timer = None  # of slow motion
        self._channel = window.MessageChannel.new()
        self._channel.port1.onmessage = self._tick

    def select(self, opened: object) -> None:
        """Go on with another network; the one so far is paused, and keeps what it has."""
        if opened.model == self.model:
            return
        if self.trainer.training or self.trainer.steps_wanted:
            self.pause()
        self.model = opened.model
        self.trainer.select(self._training_run(opened))
        self.teacher.network = opened.network

    def restart(self, model: str) -> None:
        """Begin counting anew, or where a kept run has stopped: a network's weights are others."""
        iteration = self.worker.opened[model].iteration
        if model == self.model:
            self.trainer.restart(iteration)
        elif model in self.runs:
            self.runs[model].restart(iteration)
        self.worker.opened[model].look_at(None)

    def _training_run(self, opened: object) -> object:
        if opened.model not in self.runs:
            digits, every = presets.measuring_for(opened.layers)
            self.runs[opened.model] = TrainingRun(opened.network, now, digits, every)
            self.runs[opened.model].restart(opened.iteration)
        return self.runs[opened.model]

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

    def show_checkpoint(self, model: str, number: int) -> None:
        """Have readings and views look at a checkpoint; -1 is the network as it is. Training does not notice."""
        opened = self.worker.opened[model]
        checkpoint = self.runs[model].checkpoints.get(number) if number >= 0 and model in self.runs else None
        opened.look_at(checkpoint.weights if checkpoint else None)
        if model == self.worker.selected.model:
            self.worker.predictor.network = opened.shown
        self.tell("checkpoint_shown", model=model, number=checkpoint.number if checkpoint else -1)
        self.worker.predict_again()

    def restore(self, model: str, number: int) -> None:
        """Go back to a checkpoint: its weights become the network's, and the run goes on from there."""
        checkpoint = self.runs[model].checkpoints.get(number)
        if checkpoint is None:
            raise ValueError(f"there is no checkpoint {number} of {model}")
        if model == self.model:
            self.trainer.training, self.trainer.steps_wanted = False, 0
        self.runs[model].restore(checkpoint)
        self.show_checkpoint(model, -1)
        self.tell("restored", model=model, number=checkpoint.number, iteration=checkpoint.iteration)
        self._tell_checkpoints()

    def tune(self, label: int) -> None:
        """Learn the picture that was read last."""
        predictor = self.worker.predictor
        if predictor.picture is None:
            return
        byte = window.Uint8Array.new([label])
        before, after, steps = self.teacher.teach(predictor.image, predictor.picture, byte)
        self.tell("tuned", model=self.model, label=label, before=before, after=after, steps=steps)
        self.trainer.training_run.ask_evaluation()
        self.worker.predict_again()

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
        """Have a slice done soon if there is something to do; in slow motion, when it is time."""
        if self._scheduled:
            return
        if self.trainer.is_busy():
            self._scheduled = True
            self._channel.port2.postMessage(0)
        elif self.trainer.pause_left():
            window.clearTimeout(self._timer)
            self._timer = window.setTimeout(self.wake, 1000 * self.trainer.pause_left() + 1)

    def _tick(self, _event: object) -> None:
        self._scheduled = False
        before = self.trainer.training_run.iteration
        try:
            result = self.trainer.run(now() + SLICE)
        except Exception as error:
            self.trainer.training, self.trainer.steps_wanted = False, 0
            self.tell("failed", message=f"{type(error).__name__}: {error}")
            return
        if self.trainer.divergence:
            self.tell("diverged", model=self.model, **self.trainer.divergence)
        single = self.trainer.training_run.iteration - before == 1
        if single or result or now() - self._last_report >= REPORT_EVERY:
            self._report()
        if result:
            self.tell("evaluated", model=self.model, **result)
        self._tell_checkpoints()
        if self.trainer.reached:
            reached = self.trainer.reached
            self.tell(
                "target_reached", model=self.model, iteration=reached["iteration"], accuracy=reached["accuracy"]
            )
        self.wake()

    def _report(self) -> None:
        self._last_report = now()
        if self.trainer.training_run.iteration:
            self.tell("progress", model=self.model, **self.trainer.training_run.progress())
        self.worker.predict_again()
        if self.source is not None:
            self.source.pump()

    def _tell_checkpoints(self) -> None:
        training_run = self.trainer.training_run
        news, training_run.checkpoint_changes = training_run.checkpoint_changes, []
        for number, checkpoint in news:
            if checkpoint is None:
                self.tell("checkpoint_gone", model=self.model, number=number)
            else:
                fields = {"iteration": checkpoint.iteration, "test_accuracy": checkpoint.test_accuracy}
                self.tell("checkpoint", model=self.model, number=number, **fields)

    def _want_blocks(self) -> None:
        if self.source is not None:
            self.source.start()
