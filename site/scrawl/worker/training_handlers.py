"""Answers requests about training, and trains in slices of a few milliseconds.

Between two slices the browser delivers the page's requests, so that a prediction never waits long. `trainer` decides
what is learned and measured, `block_source` fetches the blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

from scrawl.inspect.fine_tuning import MOST_DIGITS, FineTuner
from scrawl.net.network import PIXELS, Samples
from scrawl.state import settings as presets
from scrawl.training.calibrator import DIGITS, Calibrator
from scrawl.training.teaching import RATE, Teacher
from scrawl.training.trainer import Trainer
from scrawl.training.training_run import TrainingRun
from scrawl.worker.block_source import BlockSource
from scrawl.worker.team import Team

if TYPE_CHECKING:
    from browser import Event
    from browser.arrays import Uint8Array

    from scrawl.net.interfaces import Rows
    from scrawl.state.settings import Settings
    from scrawl.worker.main import Worker
    from scrawl.worker.opened_network import OpenedNetwork

SLICE = 0.012  # seconds
SHORT, DRAWING = 0.004, 1.0  # seconds of a slice while somebody draws, and how long one counts as drawing
REPORT_EVERY = 0.1  # seconds between two reports of progress


def now() -> float:
    """Return seconds."""
    return float(window.performance.now()) / 1000


class TrainingHandlers:
    """Trains the selected network."""

    def __init__(self, worker: Worker, settings: Settings) -> None:
        self.worker = worker
        self.report = worker.report
        self.team = Team(worker.kernel, self._report_team)
        self.runs: dict[str, TrainingRun] = {}  # of each network that has been selected
        self.model = worker.selected.model
        self.trainer = Trainer(worker.kernel, self._training_run(worker.selected), settings, now)
        self.teacher = Teacher(worker.kernel, worker.selected.network)
        self.calibrator = Calibrator(worker.kernel, now)
        self.source: BlockSource | None = None
        self._fine_tuner: FineTuner | None = None
        self._scheduled = False
        self._last_report = 0.0
        self._timer = 0  # of slow motion
        self.team.follow(settings["cores"])
        self._channel = window.MessageChannel.new()
        self._channel.port1.onmessage = self._tick

    def select(self, opened: OpenedNetwork) -> None:
        """Go on with another network; the one so far is paused, and keeps what it has."""
        if opened.model == self.model:
            return
        if self.trainer.training or self.trainer.steps_wanted:
            self.pause()
        self.model = opened.model
        self.trainer.select(self._training_run(opened))
        self.teacher.network = opened.network

    def restart(self, model: str) -> None:
        """Start a run again, or go on where a saved one stopped: a network's weights are others."""
        iteration = self.worker.opened[model].iteration
        self.teacher.forget(self.worker.opened[model].network)
        if model == self.model:
            self.trainer.restart(iteration)
        elif model in self.runs:
            self.runs[model].restart(iteration)
        self.worker.opened[model].show(None)

    def _training_run(self, opened: OpenedNetwork) -> TrainingRun:
        if opened.model not in self.runs:
            digits, every = presets.measuring_for(opened.layers)
            self.runs[opened.model] = TrainingRun(opened.network, now, digits, every)
            self.runs[opened.model].restart(opened.iteration)
        return self.runs[opened.model]

    # Requests

    def change_settings(self, settings: str) -> None:
        """Take other settings, from the next step on."""
        self.trainer.set(JSON.parse(settings))
        self.team.follow(self.trainer.settings["cores"])
        if self.source is not None:
            self.source.pump()

    def use_blocks(self, url: str, splits: str) -> None:
        """Fetch blocks from this address; if it is known already, ask there again at once."""
        if self.source is not None:
            self.source.retry()
            return
        self.trainer.use(JSON.parse(splits))
        self.source = BlockSource(url, self.trainer, self.report, self.wake)
        if self.trainer.training or self.trainer.steps_wanted:
            self.source.start()

    def train(self) -> None:
        """Train until told to pause."""
        self.teacher.forget(self.worker.selected.network)
        self.trainer.start()
        self._want_blocks()

    def pause(self) -> None:
        """Stop training, and measure what has been reached."""
        self.trainer.pause()
        self._report()

    def step(self) -> None:
        """Do one step."""
        self.teacher.forget(self.worker.selected.network)
        self.trainer.steps_wanted += 1
        self._want_blocks()

    def show_checkpoint(self, model: str, number: int) -> None:
        """Predict with a checkpoint's weights, and inspect them; -1 is the network as it is."""
        opened = self.worker.opened[model]
        checkpoint = self.runs[model].checkpoints.get(number) if number >= 0 and model in self.runs else None
        opened.show(checkpoint.weights if checkpoint else None)
        if model == self.worker.selected.model:
            self.worker.predictor.network = opened.shown
        self.report("checkpoint_shown", model=model, number=checkpoint.number if checkpoint else -1)
        self.worker.predict_again()

    def restore(self, model: str, number: int) -> None:
        """Go back to a checkpoint: its weights become the network's, and the run goes on from there."""
        checkpoint = self.runs[model].checkpoints.get(number)
        if checkpoint is None:
            raise ValueError(f"there is no checkpoint {number} of {model}")
        if model == self.model:
            self.trainer.training, self.trainer.steps_wanted = False, 0
        self.teacher.forget(self.worker.opened[model].network)
        self.runs[model].restore(checkpoint)
        self.show_checkpoint(model, -1)
        self.report("restored", model=model, number=checkpoint.number, iteration=checkpoint.iteration)
        self._report_checkpoints()

    def tune(self, label: int) -> None:
        """Train on the picture that was predicted last."""
        predictor = self.worker.predictor
        if predictor.picture is None:
            return
        byte = window.Uint8Array.new([label])
        before, after, steps = self.teacher.teach(predictor.image, predictor.picture, byte)
        if self.trainer.training or self.trainer.steps_wanted:  # which would be undone as well
            self.teacher.forget(self.teacher.network)
        fields = {"before": before, "after": after, "steps": steps, "undoable": self.teacher.count_lessons()}
        self.report("tuned", model=self.model, label=label, **fields)
        self.trainer.training_run.ask_evaluation()
        self.worker.predict_again()

    def take_back_lesson(self) -> None:
        """Go back to the weights from before the last picture that was taught."""
        if self.teacher.take_back():
            self.report("lesson_taken_back", model=self.model)
            self.trainer.training_run.ask_evaluation()
            self.worker.predict_again()

    def train_on_collected(self, labels: Uint8Array, pictures: Uint8Array) -> None:
        """Do gentle steps on the person's own digits until all are read right, or it does not help any more."""
        kernel, selected = self.worker.kernel, self.worker.selected
        if self._fine_tuner is None:
            self._fine_tuner, self._collected = FineTuner(kernel), Samples(kernel, MOST_DIGITS)
        first = max(0, labels.length - MOST_DIGITS)  # only the newest fit
        self._collected.store(0, labels.subarray(first), pictures.subarray(PIXELS * first))
        count = labels.length - first
        self.teacher.forget(selected.network)
        right, steps = self._fine_tuner.train(selected.network, self._collected, list(range(count)), [], RATE)
        self.report("trained_on_collected", model=selected.model, count=count, right=right, steps=steps)
        self.trainer.training_run.ask_evaluation()
        self.worker.predict_again()

    def sample(self) -> None:
        """Send a digit of the cached blocks."""
        ranges = self.trainer.cache.ranges() if self.trainer.cache else []
        if not ranges:
            self.report("sampled", picture=None, label=0)
            return
        first, count = ranges[int(window.Math.random() * len(ranges))]
        row = first + int(window.Math.random() * count)
        samples, memory = self.trainer.samples, self.worker.kernel.bytes
        start = samples.images + PIXELS * row
        self.report("sampled", picture=memory.slice(start, start + PIXELS), label=memory[samples.labels + row])

    # Slices

    def wake(self) -> None:
        """Do a slice soon if there is something to do; in slow motion, when it is time."""
        if self._scheduled:
            return
        if self.trainer.is_busy() or self._calibration_rows():
            self._scheduled = True
            self._channel.port2.postMessage(0)
        elif self.trainer.pause_left():
            window.clearTimeout(self._timer)
            self._timer = window.setTimeout(self.wake, 1000 * self.trainer.pause_left() + 1)

    def _calibration_rows(self) -> list[Rows] | None:
        """Return the digits on which to calibrate what predicts, if that is due and nobody trains or measures."""
        trainer, calibration = self.trainer, self.worker.predictor.network.calibration
        if trainer.cache is None or trainer.training or trainer.is_busy() or not calibration.is_due:
            return None
        return trainer.cache.test_ranges(DIGITS)

    def _tick(self, _event: Event) -> None:
        self._scheduled = False
        try:
            rows = self._calibration_rows()
            if rows is None:
                self._train_slice()
            elif self.calibrator.run(self.worker.predictor.network, self.trainer.samples, rows, self.deadline()):
                self.worker.predict_again()
        except Exception as error:
            self.trainer.training, self.trainer.steps_wanted = False, 0
            self.report("failed", message=f"{type(error).__name__}: {error}")
            return
        self.wake()

    def deadline(self) -> float:
        """Return when a slice that starts now has to end: soon if the pen's next picture may come meanwhile."""
        return now() + (SHORT if now() - self.worker.asked_at / 1000 < DRAWING else SLICE)

    def _train_slice(self) -> None:
        before = self.trainer.training_run.iteration
        result = self.trainer.run(self.deadline())
        if self.trainer.divergence:
            self.report("diverged", model=self.model, **self.trainer.divergence)
        single = self.trainer.training_run.iteration - before == 1
        if single or result or now() - self._last_report >= REPORT_EVERY:
            self._report()
        if result:
            self.report("evaluated", model=self.model, **result)
        self._report_checkpoints()
        if self.trainer.reached:
            reached = self.trainer.reached
            self.report(
                "target_reached", model=self.model, iteration=reached["iteration"], accuracy=reached["accuracy"]
            )

    def _report_team(self, threads: int, why_single: str) -> None:
        self.report("team_changed", threads=threads, why_single=why_single)

    def _report(self) -> None:
        self._last_report = now()
        self.team.check()
        if self.trainer.training_run.iteration:
            self.report("progress", model=self.model, **self.trainer.training_run.progress())
        self.worker.predict_again()
        if self.source is not None:
            self.source.pump()

    def _report_checkpoints(self) -> None:
        training_run = self.trainer.training_run
        changes, training_run.checkpoint_changes = training_run.checkpoint_changes, []
        for number, checkpoint in changes:
            if checkpoint is None:
                self.report("checkpoint_gone", model=self.model, number=number)
            else:
                fields = {"iteration": checkpoint.iteration, "test_accuracy": checkpoint.test_accuracy}
                self.report("checkpoint", model=self.model, number=number, **fields)

    def _want_blocks(self) -> None:
        self.team.start()
        if self.source is not None:
            self.source.start()
