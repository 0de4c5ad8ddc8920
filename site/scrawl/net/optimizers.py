"""How weights move: plain SGD, SGD with momentum, Adam. Each records its part of a training program.

A layer's backward pass adds STEP times its gradient to `gradient(parameter)`. The first dense layer's gradient is
never stored: `move_sparse` records that layer's whole update. `move` comes at the end, for all others. The rules are
PyTorch's: `torch.optim.SGD`, whose weight decay is part of the gradient, and `torch.optim.AdamW`, whose weight decay
is not (it takes a share of each weight, however steep the loss): within Adam, L2 decay hardly acts on weights with
large gradients. Without decay that is `torch.optim.Adam`. Betas are 0.9 and 0.999, epsilon 1e-8. The kernel does the
arithmetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.program import ADAM_EPSILON, ADAM_KEEP, ADAM_RATE, MOMENTUM, RATE, STEP, WEIGHT_DECAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, Protocol

    from scrawl.net.interfaces import Kernel
    from scrawl.net.parameters import Parameter
    from scrawl.net.program import Program, Register, Tensor

    type OptimizerName = Literal["sgd", "momentum", "adam"]

    class Optimizer(Protocol):
        """A rule for moving weights, and what it has averaged of earlier gradients."""

        has_averages: bool
        age: int  # steps since the averages were zero

        def step(self, learning_rate: float, count: int) -> float:
            """Return what a batch's summed gradients are multiplied with where they are added."""

        def gradient(self, parameter: Parameter) -> int:
            """Return the address that the parameter's gradient is added to."""

        def move_sparse(
            self, program: Program, weight: Parameter, columns: tuple[int, int, int], shape: tuple[int, int, int, int]
        ) -> None:
            """Record the update of the first layer's weights from the listing `columns`.

            `columns` is the listing by pixel, its stride, and how many entries each pixel has; `shape` is D, H, the
            address of the layer's delta and its stride.
            """

        def move(self, program: Program, parameters: list[Parameter]) -> None:
            """Record the updates of all other parameters."""

        def changed(self, parameters: list[Parameter]) -> list[Tensor]:
            """Return what a step changes for good."""

        def reset(self) -> None:
            """Forget earlier gradients."""


class Sgd:
    """w -= rate · gradient. Gradients go straight to the weights."""

    has_averages = False
    age = 0

    def step(self, learning_rate: float, count: int) -> float:
        """Return the rate for one sample: gradients are summed."""
        return -learning_rate / count

    def gradient(self, parameter: Parameter) -> int:
        """Return where the weights themselves are."""
        return parameter.address

    def move_sparse(
        self, program: Program, weight: Parameter, columns: tuple[int, int, int], shape: tuple[int, int, int, int]
    ) -> None:
        """Record the update of the first layer's weights."""
        program.add("sparse_update", weight.address, *columns, *shape, STEP)

    def move(self, program: Program, parameters: list[Parameter]) -> None:
        """Record nothing: the weights have moved already."""

    def changed(self, parameters: list[Parameter]) -> list[Tensor]:
        """Return the weights."""
        return [(p.address, p.size, False) for p in parameters]

    def reset(self) -> None:
        """Forget nothing: there are no averages."""


class _Averaging:
    """What momentum and Adam share: sums of gradients for a batch, and averages over the batches so far."""

    has_averages = True
    averages: int  # that each parameter has
    sparse: str  # the primitives that move weights, and their last arguments
    dense: str
    registers: tuple[Register, ...]

    def __init__(self, kernel: Kernel, parameters: list[Parameter]) -> None:
        self.kernel = kernel
        self.age = 0
        self._parameters = parameters
        self._averages = {p.name: [kernel.alloc(p.bytes) for _ in range(self.averages)] for p in parameters}

    def step(self, learning_rate: float, count: int) -> float:  # noqa: ARG002 (it is applied in `move`)
        """Return what averages the gradients over the batch."""
        return 1 / count

    def gradient(self, parameter: Parameter) -> int:
        """Return where the batch's gradient is summed up."""
        return parameter.gradient()

    def move_sparse(
        self, program: Program, weight: Parameter, columns: tuple[int, int, int], shape: tuple[int, int, int, int]
    ) -> None:
        """Record the update of the first layer's weights together with their averages."""
        averages = self._averages[weight.name]
        program.add(self.sparse, weight.address, *averages, *columns, *shape, STEP, *self.registers)

    def move(self, program: Program, parameters: list[Parameter]) -> None:
        """Record the updates of all others."""
        for p in parameters:
            if not p.sparse:
                program.add(self.dense, p.address, *self._averages[p.name], p.gradient(), p.size, *self.registers)

    def changed(self, parameters: list[Parameter]) -> list[Tensor]:
        """Return weights, averages, and the gradients, which a step leaves at zero."""
        tensors = [(address, p.size, False) for p in parameters for address in (p.address, *self._averages[p.name])]
        return tensors + [(p.gradient(), p.size, True) for p in parameters if not p.sparse]

    def reset(self) -> None:
        """Set the averages to zero."""
        self.age = 0
        for parameter in self._parameters:
            for address in self._averages[parameter.name]:
                self.kernel.function("clear")(address, parameter.size)


class Momentum(_Averaging):
    """v = momentum · v + gradient + weight_decay · w, then w -= rate · v."""

    averages = 1
    sparse, dense, registers = "sparse_momentum", "move_momentum", (RATE, MOMENTUM, WEIGHT_DECAY)


class Adam(_Averaging):
    """AdamW: w moves by the gradient's running average over the root of its square's."""

    averages = 2
    sparse, dense, registers = "sparse_adam", "move_adam", (ADAM_RATE, ADAM_EPSILON, ADAM_KEEP)


OPTIMIZERS: dict[OptimizerName, Callable[[Kernel, list[Parameter]], Optimizer]] = {
    "sgd": lambda _kernel, _parameters: Sgd(),
    "momentum": Momentum,
    "adam": Adam,
}
