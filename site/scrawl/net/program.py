"""Calls of the kernel, recorded once and repeated at each step.

A call from Python costs more than a small primitive takes. So the layers record their calls in a `Program`, which the
kernel then runs in one call; what differs from step to step goes into registers. The two tables here are the only
place where primitives and registers are numbered: building the kernel makes a C header of them. What the primitives
do is explained in `site/kernel`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrawl.net.interfaces import Kernel

    type Tensor = tuple[int, int, bool]  # address, how many floats, whether they are zero between two steps

# What a program may call, with the kinds of arguments: p an address, u another whole number from 0, f a float.
PRIMITIVES = {
    "fetch_images": "ppuuu",
    "list_pixels": "ppuuuppp",
    "group_pixels": "ppuupupuu",
    "sparse_forward": "ppppuuupu",
    "sparse_update": "ppupuupuf",
    "matmul": "pupuupuuuupuf",
    "bias_update": "ppuufu",
    "relu_forward": "puu",
    "relu_backward": "ppuu",
    "activate": "uppuuu",
    "activate_maps": "upuppu",
    "times": "ppuu",
    "drop": "ppuuuuuuu",
    "transpose": "pupuuu",
    "nll": "puuuppup",
    "softmax": "puu",
    "ink": "pppuuu",
    "image_conv_forward": "ppppupp",
    "image_conv_update": "ppppupppfuu",
    "conv_prepare": "pppppp",
    "conv_forward": "pppupppp",
    "conv_input": "pppupppp",
    "conv_weights": "ppppupppuup",
    "copy": "ppu",
    "add_scaled": "ppuf",
    "move_momentum": "pppufff",
    "move_adam": "ppppufff",
    "sparse_momentum": "pppupuupuffff",
    "sparse_adam": "ppppupuupuffff",
    "augment": "pppuuu",
}
# What differs from step to step, with the kinds as above.
REGISTERS = {
    "images": "p",
    "labels": "p",
    "rows": "p",
    "first": "u",
    "count": "u",
    "step": "f",
    "one": "f",
    "rate": "f",
    "momentum": "f",
    "weight_decay": "f",
    "adam_rate": "f",
    "adam_epsilon": "f",
    "adam_keep": "f",
    "seed": "u",
}
# Words of 4 bytes in an instruction: primitive and number of arguments, which arguments are registers, the arguments.
WORDS = 16


class Register:
    """An argument whose value is known only when the program runs."""

    def __init__(self, number: int, kind: str) -> None:
        self.number = number
        self.kind = kind


_registers = [Register(number, kind) for number, kind in enumerate(REGISTERS.values())]
IMAGES, LABELS, ROWS, FIRST, COUNT, STEP, ONE = _registers[:7]
RATE, MOMENTUM, WEIGHT_DECAY, ADAM_RATE, ADAM_EPSILON, ADAM_KEEP, SEED = _registers[7:]


class Program:
    """A sequence of calls. Arguments are addresses, whole numbers from 0, and registers.

    `pictures` says where the batch's pictures are: images, rows and the first place.
    """

    pictures: tuple[int | Register, int | Register, int | Register]
    training = False  # whether dropout leaves units out
    slopes = False  # whether gradients will be wanted

    def __init__(self, kernel: Kernel, score: int) -> None:
        """Make an empty one. `score` is the address of two doubles, where a run sums up loss and right answers."""
        self.pictures = (IMAGES, ROWS, FIRST)
        self.words: list[int] = []
        self._kernel = kernel
        self._score = score
        self._address = self._count = self._kept = self._tensors = 0
        self._run = kernel.function("run")

    def add(self, primitive: str, *arguments: int | Register) -> None:
        """Append a call. ValueError if the primitive takes other arguments."""
        kinds = PRIMITIVES[primitive]
        if len(arguments) != len(kinds):
            raise ValueError(f"{primitive} takes {len(kinds)} arguments, got {len(arguments)}")
        registers, words = 0, []
        for place, argument in enumerate(arguments):
            if isinstance(argument, Register):
                kind, number = argument.kind, argument.number
                registers |= 1 << place
            else:
                kind, number = "u" if kinds[place] == "u" else "p", argument
            if kind != kinds[place]:
                raise ValueError(f"{primitive} takes {kinds}, got {kind} as argument {place}")
            words.append(number)
        number = list(PRIMITIVES).index(primitive)
        padding = [0] * (WORDS - 2 - len(words))
        self.words += [number | len(words) << 16, registers, *words, *padding]

    def finish(self, changed: Iterable[Tensor] = ()) -> None:
        """Hand the sequence to the kernel. Nothing can be added afterwards.

        `changed` are the tensors that it changes for good: threads keep them, to start again if one of them is lost.
        """
        if self._kernel.most_threads > 1:
            self._keep([*changed])
        self._count = len(self.words) // WORDS
        self._address = self._kernel.alloc(4 * len(self.words))
        self._kernel.write_words(self._address, self.words)

    def _keep(self, tensors: list[Tensor]) -> None:
        alloc = self._kernel.alloc
        words = [[address, 0 if is_zero else alloc(4 * count), count] for address, count, is_zero in tensors]
        self._tensors, self._kept = len(words), alloc(12 * len(words))
        self._kernel.write_words(self._kept, [word for tensor in words for word in tensor])

    def run(
        self,
        images: int,
        labels: int,
        rows: int,
        first: int,
        count: int,
        steps: int,
        step: float,
        rate: float = 0.0,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        age: int = 0,
        seed: int = 0,
    ) -> tuple[float, int]:
        """Run it `steps` times, FIRST moving on by COUNT. Return (loss sum, how many are right)."""
        batch = (images, labels, rows, first, count, steps)
        rule = (step, rate, momentum, weight_decay, age, seed)
        self._run(self._address, self._count, *batch, *rule, self._score, self._kept, self._tensors)
        return self._kernel.read_double(self._score), int(self._kernel.read_double(self._score + 8))
