"""A neural network in the kernel's memory: builds it from a list of layers, trains it, asks it.

The kernel (`site/kernel`) does the arithmetic; what one layer does is in `scrawl.net.dense` and
`scrawl.net.convolution`, how weights move in `scrawl.net.optimizers`. The kernel's host is passed in: nothing of the
browser is imported.

Axes: B batch, D inputs (784), H hidden units, K classes, I and O inputs and outputs of a dense layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.bounds import Bounds
from scrawl.net.calibration import Calibration
from scrawl.net.dense import Images, LogSoftmax, Workspace
from scrawl.net.layers import make_layer
from scrawl.net.parameters import Parameter
from scrawl.net.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, TypedDict, Unpack

    from scrawl.net.dense import Layer
    from scrawl.net.interfaces import Bytes, Floats, Kernel, LayerDescription, ParameterDescription, Rows, Weights
    from scrawl.net.optimizers import Optimizer, OptimizerName

    class UpdateRule(TypedDict, total=False):
        """How a step moves the weights, and whether pictures are varied."""

        optimizer: OptimizerName
        momentum: float
        weight_decay: float
        seed: int
        augment: bool


PIXELS = 784
CLASSES = 10


class Samples:
    """Room for labelled digits in the kernel's memory, and the order in which they are trained on.

    Rows are numbered from 0 to `capacity` - 1. The caller decides what is in which row.
    """

    def __init__(self, kernel: Kernel, capacity: int) -> None:
        """Reserve `capacity` rows of 784 pixels (u8, 255 is full ink), labels (u8) and places in the order."""
        self.kernel = kernel
        self.capacity = capacity
        self.images = kernel.alloc(capacity * PIXELS)  # (capacity, 784) u8
        self.labels = kernel.alloc(capacity)  # (capacity) u8
        self.order = kernel.alloc(capacity * 4)  # (capacity) u32, rows
        self.count = 0  # how many places of the order are in use

    def store(self, row: int, labels: Bytes, pixels: Bytes) -> None:
        """Copy digits to rows `row`, `row` + 1, …: `labels` (n) and `pixels` (n × 784)."""
        count = self.kernel.size(labels)
        if self.kernel.size(pixels) != count * PIXELS:
            raise ValueError(f"{count} labels need {count * PIXELS} pixels, got {self.kernel.size(pixels)}")
        if row < 0 or row + count > self.capacity:
            raise ValueError(f"there are rows 0 to {self.capacity - 1}, got {count} digits for row {row} onwards")
        self.kernel.write(self.labels + row, labels)
        self.kernel.write(self.images + row * PIXELS, pixels)

    def shuffle(self, ranges: Iterable[Rows], seed: int) -> int:
        """Set the order to the rows of `ranges`, shuffled. Return how many."""
        self.count = 0
        for first, count in ranges:
            self._number(first, count)
        self.kernel.function("shuffle")(self.order, self.count, seed)
        return self.count

    def append(self, first: int, count: int, seed: int) -> int:
        """Add rows `first` .. `first + count`, shuffled among themselves, to the order. Return how many it has."""
        start = self.order + 4 * self.count
        self._number(first, count)
        self.kernel.function("shuffle")(start, count, seed)
        return self.count

    def _number(self, first: int, count: int) -> None:
        if first < 0 or first + count > self.capacity or self.count + count > self.capacity:
            raise ValueError(f"there are {self.capacity} rows, got a range of {count} from {first}")
        self.kernel.function("number")(self.order + 4 * self.count, first, count)
        self.count += count


class Network:
    """A stack of layers with its parameters, activations and deltas in the kernel's memory.

    What an optimizer has averaged is forgotten after `load` and `randomise`, and when another optimizer takes over.
    """

    def __init__(
        self,
        kernel: Kernel,
        layers: Iterable[LayerDescription],
        parameters: Iterable[ParameterDescription],
        max_batch: int,
    ) -> None:
        """Build it from a description's layers and parameters for batches of up to `max_batch`.

        The weights are zero until `load` or `randomise` is called.
        """
        self.kernel = kernel
        self.max_batch = max_batch
        self._described = ([*layers], [*parameters])
        self.build()

    def build(self) -> None:
        """Reserve its memory; the weights are zero. A second time where that memory has been given back."""
        kernel, max_batch = self.kernel, self.max_batch
        described, parameters = self._described
        self.parameters = {p["name"]: Parameter(kernel, p["name"], p["shape"]) for p in parameters}
        workspace = Workspace(kernel, self.parameters, max_batch)
        self._images = Images(workspace, PIXELS)
        self.layers: list[Layer] = [self._images]
        for layer in described:
            self.layers.append(make_layer(workspace, layer, self.layers[-1]))
        top = self.layers[-1]
        if not isinstance(top, LogSoftmax):
            raise ValueError(f"the last layer is log_softmax, got {type(top).__name__}")
        self.top = top
        self._score = kernel.alloc(16)
        saturated = any(layer["kind"] == "sigmoid" for layer in described)
        self._bounds = Bounds(kernel, self.parameters.values(), saturated)
        self.optimizers: dict[OptimizerName, Optimizer] = {}  # those that have been used
        self.last_averaging: Optimizer | None = None
        self._training_programs: dict[tuple[OptimizerName, bool], Program] = {}
        self.calibration = Calibration()
        self._evaluation = self._forward_program()
        self._scoring, self._prediction = [self._forward_program(slopes=True) for _ in range(2)]
        top.loss(self._evaluation, self._score)
        top.probabilities(self._prediction)
        for program in (self._evaluation, self._scoring, self._prediction):
            program.finish()

    def _forward_program(self, augmented: bool = False, training: bool = False, slopes: bool = False) -> Program:
        """Return a program that runs the forward pass, and to which more can be added."""
        program = Program(self.kernel, self._score)
        program.training, program.slopes = training, slopes
        if augmented:
            self._images.augment(program)
        for layer in self.layers:
            layer.forward(program)
        return program

    def training_program(self, name: OptimizerName, augmented: bool) -> Program:
        """Return the program of a training step, by an optimizer and with or without varied pictures."""
        key = (name, augmented)
        if key not in self._training_programs:
            optimizer = self.optimizer(name)
            program = self._training_programs[key] = self._forward_program(augmented, training=True, slopes=True)
            self.top.loss(program, self._score)
            for layer in self.layers[:0:-1]:
                layer.backward(program, optimizer)
            parameters = [*self.parameters.values()]
            optimizer.move(program, parameters)
            program.finish(optimizer.changed(parameters))
        return self._training_programs[key]

    def optimizer(self, name: OptimizerName) -> Optimizer:
        """Return an optimizer, with its averages; a new one at first."""
        if name not in self.optimizers:
            # By name, since only training needs it: so it stays out of the first bundle. Whatever trains imports it.
            optimizers: Any = __import__("scrawl.net.optimizers", None, None, ["OPTIMIZERS"])
            self.optimizers[name] = optimizers.OPTIMIZERS[name](self.kernel, [*self.parameters.values()])
        return self.optimizers[name]

    def load(self, weights: Mapping[str, Floats]) -> None:
        """Take over weights, in PyTorch's layout, each parameter once.

        Raises ValueError, with nothing changed, naming what is missing, too much, of another size or too large.
        """
        names = [*weights]
        missing = [name for name in self.parameters if name not in names]
        extra = [name for name in names if name not in self.parameters]
        if missing or extra:
            raise ValueError(f"expected {', '.join(self.parameters)}; missing {missing}, not known {extra}")
        for name, parameter in self.parameters.items():
            if self.kernel.size(weights[name]) != parameter.count:
                raise ValueError(
                    f"{name} has {parameter.count} numbers {parameter.shape}, got {self.kernel.size(weights[name])}"
                )
        for name, parameter in self.parameters.items():
            parameter.stage(weights[name])
        self._bounds.check()
        for parameter in self.parameters.values():
            parameter.take_staged()
        self.calibration = Calibration(is_due=True)
        self._reset_optimizers()

    def export(self) -> Weights:
        """Return a copy of the weights."""
        return {name: parameter.export() for name, parameter in self.parameters.items()}

    def randomise(self, seed: int) -> None:
        """Start from random weights, evenly spread as He (before a ReLU) or Glorot (the last layer) advise."""
        for number, parameter in enumerate(self.parameters.values()):
            parameter.randomise(seed * 64 + number)
        self.calibration = Calibration()  # what has learned nothing has nothing to be sure of
        self._reset_optimizers()

    def _reset_optimizers(self) -> None:
        for optimizer in self.optimizers.values():
            optimizer.reset()

    def train_step(
        self,
        samples: Samples,
        first: int,
        count: int,
        learning_rate: float,
        **rule: Unpack[UpdateRule],
    ) -> tuple[float, int]:
        """Train one step on places `first` .. `first + count` of the samples' order, 1 <= count <= max_batch.

        Returns (the sum of the samples' negative log-likelihoods, how many were right), both from before the step.
        `rule` is as in `train_steps`.
        """
        return self.train_steps(samples, first, count, 1, learning_rate, **rule)

    def train_steps(
        self,
        samples: Samples,
        first: int,
        count: int,
        steps: int,
        learning_rate: float,
        optimizer: OptimizerName = "sgd",
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        seed: int = 0,
        augment: bool = False,
    ) -> tuple[float, int]:
        """Train `steps` steps, each on the next `count` places of the order. One call costs less than many.

        `momentum` is for the optimizer of this name. With `augment`, pictures are varied. How, and what dropout
        leaves out, follows from the `seed` and a picture's place in the order. Returns the sums over all steps, as
        `train_step` does; they do not depend on how steps are divided into calls.
        """
        if not 1 <= count <= self.max_batch:
            raise ValueError(f"a batch has 1 to {self.max_batch} samples, got {count}")
        if first < 0 or first + count * steps > samples.count:
            raise ValueError(f"the order has {samples.count} places, got {count * steps} from {first}")
        if optimizer == "sgd" and weight_decay:
            optimizer, momentum = "momentum", 0.0  # the same rule
        program = self.training_program(optimizer, augment)
        rule = self._take_over(self.optimizer(optimizer))
        self.calibration = self.calibration.after_training()
        sums = program.run(
            samples.images, samples.labels, samples.order, first, count, steps,
            rule.step(learning_rate, count), -learning_rate, momentum, weight_decay, rule.age, seed,
        )  # fmt: skip
        rule.age += steps
        return sums

    def _take_over(self, optimizer: Optimizer) -> Optimizer:
        """Let an optimizer go on; its averages start at zero if another one has moved the weights meanwhile."""
        if optimizer.has_averages:
            if self.last_averaging not in (None, optimizer):
                optimizer.reset()
            self.last_averaging = optimizer
        return optimizer

    def evaluate(self, samples: Samples, first: int, count: int) -> tuple[float, int]:
        """Return (loss sum, how many are right) for rows `first` .. `first + count`, any count, without training."""
        if first < 0 or count < 0 or first + count > samples.capacity:
            raise ValueError(f"there are {samples.capacity} rows, got {count} from {first}")
        images, labels, size = samples.images, samples.labels, self.max_batch
        loss, correct = self._evaluation.run(images, labels, 0, first, size, count // size, 0.0)
        if count % size:
            rest = self._evaluation.run(images, labels, 0, first + count // size * size, count % size, 1, 0.0)
            loss, correct = loss + rest[0], correct + rest[1]
        return loss, correct

    def score(self, images: int, first: int, count: int) -> None:
        """Leave the scores of rows `first` .. `first + count` of `images` in the top's output; at most a batch."""
        self._scoring.run(images, 0, 0, first, count, 1, 0.0)

    def scores(self, image: int) -> list[float]:
        """Return the ten scores for the image at address `image`, of which `predict` makes probabilities."""
        self.score(image, 0, 1)
        return [*self.kernel.read_floats(self.top.output, CLASSES)]

    def predict(self, image: int) -> list[float]:
        """Return the ten probabilities for the image at address `image`: 784 u8, 255 is full ink."""
        self._prediction.run(image, 0, 0, 0, 1, 1, 0.0)
        return [*self.kernel.read_floats(self.top.output, CLASSES)]
