"""A neural network in the kernel's memory: builds it from a list of layers, trains it, asks it.

Arithmetic is the kernel's (`site/kernel`), what one layer does is in `scrawl.net.layers`. Nothing of the browser is
imported: `kernel` is `scrawl.worker.kernel.Kernel` in the page and wasmtime's in the tests. Both offer
`alloc(bytes) -> address`, `function(name) -> callable`, `size(floats) -> count`, `write(address, bytes)`,
`write_words(address, whole numbers)`, `write_floats(address, floats)`, `read_floats(address, count)` (a copy) and
`read_double(address)`.

Axes: B batch, D inputs (784), H hidden units, K classes, I and O inputs and outputs of a dense layer.
"""

from scrawl.net.convolution import LAYERS
from scrawl.net.layers import Images, Parameter
from scrawl.net.optimizers import OPTIMIZERS
from scrawl.net.program import Program

PIXELS = 784
CLASSES = 10


class Samples:
    """Room for labelled digits in the kernel's memory, and the order in which they are trained on.

    Rows are numbered from 0 to `capacity` - 1. What is in which row is the caller's business.
    """

    def __init__(self, kernel, capacity):
        """Reserve `capacity` rows of 784 pixels (u8, 255 is full ink), labels (u8) and places in the order."""
        self.kernel = kernel
        self.capacity = capacity
        self.images = kernel.alloc(capacity * PIXELS)  # (capacity, 784) u8
        self.labels = kernel.alloc(capacity)  # (capacity) u8
        self.order = kernel.alloc(capacity * 4)  # (capacity) u32, rows
        self.count = 0  # how many places of the order are in use

    def store(self, row, labels, pixels):
        """Copy digits to rows `row`, `row` + 1, …: `labels` (n) and `pixels` (n × 784), Uint8Array or bytes."""
        count = self.kernel.size(labels)
        if self.kernel.size(pixels) != count * PIXELS:
            raise ValueError(f"{count} labels need {count * PIXELS} pixels, got {self.kernel.size(pixels)}")
        if row < 0 or row + count > self.capacity:
            raise ValueError(f"there are rows 0 to {self.capacity - 1}, got {count} digits for row {row} onwards")
        self.kernel.write(self.labels + row, labels)
        self.kernel.write(self.images + row * PIXELS, pixels)

    def shuffle(self, ranges, seed):
        """Set the order to the rows of `ranges`, a list of (first row, count), shuffled. Return how many."""
        self.count = 0
        for first, count in ranges:
            self._number(first, count)
        self.kernel.function("shuffle")(self.order, self.count, seed)
        return self.count

    def append(self, first, count, seed):
        """Add rows `first` .. `first + count`, shuffled among themselves, to the order. Return how many it has."""
        begin = self.order + 4 * self.count
        self._number(first, count)
        self.kernel.function("shuffle")(begin, count, seed)
        return self.count

    def _number(self, first, count):
        if first < 0 or first + count > self.capacity or self.count + count > self.capacity:
            raise ValueError(f"there are {self.capacity} rows, got a range of {count} from {first}")
        self.kernel.function("number")(self.order + 4 * self.count, first, count)
        self.count += count


class Network:
    """A stack of layers with its parameters, activations and deltas in the kernel's memory.

    How weights move is `scrawl.net.optimizers`'s; what an optimizer has gathered is forgotten after `load` and
    `randomise`, and when another one takes over.
    """

    def __init__(self, kernel, layers, parameters, max_batch):
        """Build it from a manifest's `layers` and `parameters` (lists of dicts) for batches of up to `max_batch`.

        The weights are zero until `load` or `randomise` is called.
        """
        self.kernel = kernel
        self.max_batch = max_batch
        self.parameters = {p["name"]: Parameter(kernel, p["name"], p["shape"]) for p in parameters}
        self.layers = [Images(kernel, PIXELS, max_batch)]
        for layer in layers:
            if layer["kind"] not in LAYERS:
                raise ValueError(f"layers are {', '.join(LAYERS)}, got {layer['kind']}")
            self.layers.append(LAYERS[layer["kind"]](kernel, layer, self.layers[-1], self.parameters, max_batch))
        self._score = kernel.alloc(16)
        self._top = self.layers[-1]
        self._optimizers = {}  # name → the optimizer, once it has been wanted
        self._averaging = None  # the one that went last, of those that gather something
        self._trainings = {}  # (optimizer's name, whether pictures are varied) → program
        self._evaluation, self._prediction = self._record(), self._record()
        self._top.loss(self._evaluation, self._score)
        self._top.probabilities(self._prediction)
        for program in (self._evaluation, self._prediction):
            program.finish()

    def _record(self, optimizer=None, augmented=False):
        """Return a program that runs the forward pass."""
        program = Program(self.kernel, self._score, optimizer)
        if augmented:
            self.layers[0].augment(program)
        for layer in self.layers:
            layer.forward(program)
        return program

    def _training(self, optimizer, augmented):
        """Return the program of a training step."""
        key = (optimizer, augmented)
        if key not in self._trainings:
            parameters = [*self.parameters.values()]
            if optimizer not in self._optimizers:
                self._optimizers[optimizer] = OPTIMIZERS[optimizer](self.kernel, parameters)
            program = self._trainings[key] = self._record(self._optimizers[optimizer], augmented)
            self._top.loss(program, self._score)
            for layer in self.layers[:0:-1]:
                layer.backward(program)
            program.optimizer.move(program, parameters)
            program.finish()
        return self._trainings[key]

    def _forget(self):
        """Forget what optimizers have gathered."""
        for optimizer in self._optimizers.values():
            optimizer.forget()

    def load(self, tensors):
        """Take over weights: name → floats (Float32Array, or NumPy's) in PyTorch's layout, each parameter once.

        Raises ValueError, with nothing changed, naming what is missing, too much or of another size.
        """
        names = [*tensors]
        missing = [name for name in self.parameters if name not in names]
        extra = [name for name in names if name not in self.parameters]
        if missing or extra:
            raise ValueError(f"expected {', '.join(self.parameters)}; missing {missing}, not known {extra}")
        for name, parameter in self.parameters.items():
            if self.kernel.size(tensors[name]) != parameter.count:
                raise ValueError(
                    f"{name} has {parameter.count} numbers {parameter.shape}, got {self.kernel.size(tensors[name])}"
                )
        for name, parameter in self.parameters.items():
            parameter.load(tensors[name])
        self._forget()

    def export(self):
        """Return a copy of the weights: name → floats (a flat Float32Array, or NumPy's) in PyTorch's layout."""
        return {name: parameter.export() for name, parameter in self.parameters.items()}

    def randomise(self, seed):
        """Start anew from random weights, evenly spread as He (before a ReLU) or Glorot (the last layer) advise."""
        for number, parameter in enumerate(self.parameters.values()):
            parameter.randomise(seed * 64 + number)
        self._forget()

    def train_step(self, samples, first, count, learning_rate, **rule):
        """Train one step on places `first` .. `first + count` of the samples' order, 1 <= count <= max_batch.

        Returns (the sum of the samples' negative log-likelihoods, how many were right), both from before the step.
        `rule` is as in `train_steps`.
        """
        return self.train_steps(samples, first, count, 1, learning_rate, **rule)

    def train_steps(
        self, samples, first, count, steps, learning_rate, optimizer="sgd", momentum=0.0, weight_decay=0.0, seed=None
    ):
        """Train `steps` steps, each on the next `count` places of the order. One call costs less than many.

        `optimizer` is one of `scrawl.net.optimizers.OPTIMIZERS`; `momentum` is for that of this name. With a `seed`,
        pictures are varied: a place of the order always in the same way under the same seed. Returns the sums over
        all steps, as `train_step` does; they do not depend on how steps are divided into calls.
        """
        if not 1 <= count <= self.max_batch:
            raise ValueError(f"a batch has 1 to {self.max_batch} samples, got {count}")
        if first < 0 or first + count * steps > samples.count:
            raise ValueError(f"the order has {samples.count} places, got {count * steps} from {first}")
        if optimizer == "sgd" and weight_decay:
            optimizer, momentum = "momentum", 0.0  # the same rule
        program = self._training(optimizer, seed is not None)
        rule = self._take_over(program.optimizer)
        sums = program.run(
            samples.images, samples.labels, samples.order, first, count, steps,
            rule.step(learning_rate, count), -learning_rate, momentum, weight_decay, rule.age, seed or 0,
        )  # fmt: skip
        rule.age += steps
        return sums

    def _take_over(self, optimizer):
        """Let an optimizer go on; if another has moved the weights meanwhile, it begins anew."""
        if optimizer.gathers:
            if self._averaging not in (None, optimizer):
                optimizer.forget()
            self._averaging = optimizer
        return optimizer

    def evaluate(self, samples, first, count):
        """Return (loss sum, how many are right) for rows `first` .. `first + count`, any count, without training."""
        if first < 0 or count < 0 or first + count > samples.capacity:
            raise ValueError(f"there are {samples.capacity} rows, got {count} from {first}")
        images, labels, size = samples.images, samples.labels, self.max_batch
        loss, correct = self._evaluation.run(images, labels, 0, first, size, count // size, 0.0)
        if count % size:
            rest = self._evaluation.run(images, labels, 0, first + count // size * size, count % size, 1, 0.0)
            loss, correct = loss + rest[0], correct + rest[1]
        return loss, correct

    def predict(self, image):
        """Return the ten probabilities for the image at address `image`: 784 u8, 255 is full ink."""
        self._prediction.run(image, 0, 0, 0, 1, 1, 0.0)
        return [*self.kernel.read_floats(self._top.output, CLASSES)]
