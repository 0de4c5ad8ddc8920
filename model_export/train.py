"""The core of `scrawl train`: runs the ONNX train-step graph over augmented digits, with a learning rate schedule.

It needs no PyTorch: the graph computes the gradients. `infra` reads the data and parses the command line; callers
write the weights.
"""

import math
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from functions.dataset.block import PIXELS, Block
from functions.errors import InvalidValueError
from functions.models.inference import Classifier, evaluate
from functions.models.manifest import activation_of
from functions.models.training import Trainer, TrainState, Weights, initial_weights
from model_export.architectures import architecture_named, parameter_table
from model_export.augmentation import augment
from model_export.export import check_weights
from model_export.graphs import inference_graph, train_step_graph
from model_export.hyperparameters import AUGMENTATIONS, SCHEDULES, Hyperparameters
from model_export.strokes import synthesize

# A mean negative log-likelihood that no network recovers from; a new one starts near ln 10 = 2.3.
DIVERGED_LOSS = 100.0
_MASKS = 1  # tells the random numbers for dropout from those for augmentation, which have the same seed


@dataclass(frozen=True)
class Epoch:
    """Figures after one pass over the training data: its mean loss, then loss and accuracy on the test split."""

    number: int
    train_loss: float
    loss: float
    accuracy: float


@dataclass(frozen=True)
class TrainingResult:
    """The result of a run. `reason` is finished, interrupted or diverged; `message` is a sentence about it.

    A finished run has its last weights, where its schedule ends; any other has the best that were measured.
    """

    weights: Weights
    measured: Epoch | None  # the epoch after which these weights were measured, if any
    epochs: tuple[Epoch, ...]
    reason: str
    message: str

    @property
    def accuracy(self) -> float:
        """Return the accuracy of the weights on the test split; 0 when it was never measured."""
        return self.measured.accuracy if self.measured else 0.0

    def metadata(self, model: str, settings: Hyperparameters, digits: int) -> dict[str, str]:
        """Return what to write beside the weights: how they were trained, and how good they are."""
        return {
            "model": model,
            "source": "pretrained",
            "samples": str(digits),
            "loss": f"{self.measured.loss if self.measured else math.nan:.6f}",
            "accuracy": f"{self.accuracy:.4f}",
            "training": f"scrawl train {model} {settings.description()}",
            "outcome": self.message,
        }


class DivergedError(RuntimeError):
    """The loss is far too large or NaN; the message names the step."""


def train(
    model: str,
    settings: Hyperparameters,
    training: Block,
    test: Block,
    *,
    start: Mapping[str, NDArray[np.float32]] | None = None,
    threads: int = 1,
    quiet: bool = False,
) -> TrainingResult:
    """Train an architecture from scratch, or from the weights `start`; Ctrl-C stops early and keeps the best.

    The same arguments give the same weights, bit for bit, on the same machine.
    """
    if not len(training) or not len(test):
        raise InvalidValueError(
            f"training needs digits, got {len(training)} to train on and {len(test)} to test with"
        )
    training = with_strokes(training, settings, quiet)
    run = _TrainingRun(model, settings, training, test, start, threads)
    try:
        # NumPy's BLAS threads would fight with ours over matrices too small to share.
        with threadpool_limits(1, "blas"):
            run.all_epochs(quiet)
    except KeyboardInterrupt:
        return run.stopped_early(
            "interrupted", f"stopped by hand after {len(run.epochs)} of {settings.epochs} epochs"
        )
    except DivergedError as error:
        return run.stopped_early("diverged", str(error))
    message = f"trained for {settings.epochs} epochs"
    return TrainingResult(run.state.weights, run.epochs[-1], tuple(run.epochs), "finished", message)


def with_strokes(training: Block, settings: Hyperparameters, quiet: bool) -> Block:
    """Return the training digits and as many synthetic ones as the settings ask for."""
    if not settings.strokes:
        return training
    pixels = np.empty((settings.strokes, PIXELS), np.uint8)
    labels = np.empty(settings.strokes, np.uint8)
    with threadpool_limits(1, "blas"):
        written = synthesize(settings.strokes, settings.seed)
        for place, (image, label) in enumerate(tqdm(written, "strokes", settings.strokes, disable=quiet)):
            pixels[place], labels[place] = np.rint(image.ravel() * 255), label
    return Block(np.concatenate([training.labels, labels]), np.concatenate([training.pixels, pixels]))


class _TrainingRun:
    """A training run: its state, its figures, and the best weights measured so far."""

    def __init__(
        self,
        model: str,
        settings: Hyperparameters,
        training: Block,
        test: Block,
        start: Mapping[str, NDArray[np.float32]] | None,
        threads: int,
    ) -> None:
        architecture = architecture_named(model)
        shapes = dict(parameter_table(architecture.layers))
        if start is None:
            first = initial_weights(shapes, settings.seed, activation_of(architecture.layers))
        else:
            first = check_weights(architecture, start)
        self.settings, self.training, self.threads = settings, training, threads
        self.trainer = Trainer(train_step_graph(architecture), shapes, threads, layers=architecture.layers)
        self.graph = inference_graph(architecture, first)
        self.test_images, self.test_labels = test.images(), test.labels
        self.state = TrainState.fresh(first)
        self.epochs: list[Epoch] = []
        self.best: tuple[Weights, Epoch | None] = (dict(first), None)  # one assignment: Ctrl-C may come between two
        self.per_epoch = math.ceil(len(training) / settings.batch)

    def stopped_early(self, reason: str, message: str) -> TrainingResult:
        """Return the best weights so far, or the first ones if none were measured."""
        weights, epoch = self.best
        kept = f"the best so far, {epoch.accuracy:.2%}" if epoch else "the first weights"
        return TrainingResult(weights, epoch, tuple(self.epochs), reason, f"{message}; keeping {kept}")

    def all_epochs(self, quiet: bool) -> None:
        """Train all epochs, measuring after each."""
        total = self.settings.epochs * self.per_epoch
        with ThreadPoolExecutor(self.threads) as pool, tqdm(total=total, unit="step", disable=quiet) as bar:
            for epoch in range(self.settings.epochs):
                self.one_epoch(epoch, pool, bar)
                self.measure()
                last = self.epochs[-1]
                bar.write(
                    f"epoch {epoch + 1:3}  loss {last.train_loss:.4f}  test {last.loss:.4f}  {last.accuracy:.2%}"
                )

    def one_epoch(self, epoch: int, pool: ThreadPoolExecutor, bar: "tqdm[None]") -> None:
        """Take one pass over the training digits, in a new order."""
        loss_sum, seen = 0.0, 0
        for number, (images, labels) in enumerate(self.batches(epoch, pool)):
            step = epoch * self.per_epoch + number
            at = (self.settings.seed, epoch, number)
            done = (step + 0.5) / (self.settings.epochs * self.per_epoch)
            taken = self.trainer.step(
                self.state,
                images,
                labels,
                learning_rate=self.settings.learning_rate * SCHEDULES[self.settings.schedule](done),
                momentum=self.settings.momentum,
                weight_decay=self.settings.weight_decay,
                masks=self.trainer.draw_masks(len(labels), np.random.default_rng([*at, _MASKS])),
            )
            if not taken.loss < DIVERGED_LOSS:
                raise DivergedError(
                    f"diverged at step {step + 1}: the loss was {taken.loss:g}; try a lower learning rate"
                )
            self.state = taken.state
            loss_sum, seen = loss_sum + taken.loss * len(labels), seen + len(labels)
            bar.set_postfix(loss=f"{loss_sum / seen:.4f}", refresh=False)
            bar.update()
        self.train_loss = loss_sum / seen

    def batches(
        self, epoch: int, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
        """Yield an epoch's batches; the pool augments a few of them ahead."""
        order = np.random.default_rng([self.settings.seed, epoch]).permutation(len(self.training))

        def batch(number: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
            rows = order[number * self.settings.batch : (number + 1) * self.settings.batch]
            images = self.training.pixels[rows].astype(np.float32) / np.float32(255)
            random = np.random.default_rng([self.settings.seed, epoch, number])
            return augment(images, AUGMENTATIONS[self.settings.augmentation], random), self.training.labels[rows]

        ahead: deque[Future[tuple[NDArray[np.float32], NDArray[np.uint8]]]] = deque()
        for number in range(self.per_epoch):
            ahead.append(pool.submit(batch, number))
            if len(ahead) > 4 * self.threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def measure(self) -> None:
        """Measure on the test split; keep the weights if they are the best so far."""
        weights = self.state.weights
        loss, accuracy = evaluate(Classifier(self.graph, weights, self.threads), self.test_images, self.test_labels)
        if not loss < DIVERGED_LOSS or not all(np.isfinite(value).all() for value in weights.values()):
            raise DivergedError(  # an epoch's last step may have done it
                f"diverged at step {(len(self.epochs) + 1) * self.per_epoch}: the test loss was {loss:g}; "
                "try a lower learning rate"
            )
        epoch = Epoch(len(self.epochs) + 1, self.train_loss, loss, accuracy)
        if self.best[1] is None or accuracy > self.best[1].accuracy:
            self.best = weights, epoch
        self.epochs.append(epoch)
