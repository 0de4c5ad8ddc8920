"""Calls of the kernel, recorded once and repeated at each step.

A call from Python costs more than a small primitive takes. So the layers record their calls in a `Program`, which the
kernel then runs in one call; what differs from step to step goes into registers. What the calls mean is said in
`scrawl.net.layers` and in `site/kernel`.
"""

# In the order of the cases in site/kernel/program.c.
PRIMITIVES = (
    "fetch_images",
    "list_pixels",
    "group_pixels",
    "sparse_forward",
    "sparse_update",
    "matmul",
    "bias_update",
    "relu_forward",
    "relu_backward",
    "transpose",
    "nll",
    "softmax",
    "ink",
    "image_conv_forward",
    "image_conv_update",
    "conv_forward",
    "conv_backward",
    "add_scaled",
    "move_momentum",
    "move_adam",
    "sparse_momentum",
    "sparse_adam",
    "augment",
)
WORDS = 16  # of 4 bytes, an instruction has: which primitive, which arguments are registers, the arguments


class Register:
    """An argument whose value is known only when the program runs."""

    def __init__(self, number):
        self.number = number


# In the order that `run` in site/kernel/program.c gives.
IMAGES, LABELS, ROWS, FIRST, COUNT, STEP, ONE, RATE, MOMENTUM, DECAY = (Register(number) for number in range(10))
ADAM_RATE, ADAM_EPSILON, ADAM_KEEP, SEED = (Register(number) for number in range(10, 14))


class Program:
    """A sequence of calls. Arguments are addresses, whole numbers from 0, and registers.

    Layers ask it where the batch's pictures are (`pictures`: images, rows and the first place) and, in a backward
    pass, which `optimizer` takes the gradients.
    """

    def __init__(self, kernel, score, optimizer=None):
        """Begin an empty one. `score` is the address of two doubles, where a run sums up loss and right answers."""
        self.optimizer = optimizer
        self.pictures = (IMAGES, ROWS, FIRST)
        self._kernel = kernel
        self._score = score
        self._words = []
        self._address = self._count = 0
        self._run = kernel.function("run")

    def add(self, primitive, *arguments):
        """Append a call."""
        registers, words = 0, []
        for place, argument in enumerate(arguments):
            if isinstance(argument, Register):
                registers |= 1 << place
                argument = argument.number
            words.append(argument)
        padding = [0] * (WORDS - 2 - len(words))
        self._words += [PRIMITIVES.index(primitive), registers, *words, *padding]

    def finish(self):
        """Hand the sequence to the kernel. Nothing can be added afterwards."""
        self._count = len(self._words) // WORDS
        self._address = self._kernel.alloc(4 * len(self._words))
        self._kernel.write_words(self._address, self._words)

    def run(self, images, labels, rows, first, count, steps, step, rate=0.0, momentum=0.0, decay=0.0, age=0, seed=0):
        """Run it `steps` times, FIRST moving on by COUNT. Return (loss sum, how many are right)."""
        batch = (images, labels, rows, first, count, steps)
        self._run(self._address, self._count, *batch, step, rate, momentum, decay, age, seed, self._score)
        return self._kernel.read_double(self._score), int(self._kernel.read_double(self._score + 8))
