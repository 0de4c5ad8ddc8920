"""What follows a dense layer: ReLU and the other activations, and dropout. Each works in place.

How a layer records its passes is explained in `scrawl.net.dense`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.dense import RowLayer, Weighted
from scrawl.net.names import ACTIVATIONS
from scrawl.net.program import COUNT, FIRST, SEED

if TYPE_CHECKING:
    from scrawl.net.dense import Workspace
    from scrawl.net.interfaces import LayerDescription
    from scrawl.net.optimizers import Optimizer
    from scrawl.net.program import Program


class Activation(RowLayer):
    """tanh, the logistic function or GELU, in place: its output and delta are those of the layer below."""

    def __init__(self, workspace: Workspace, kind: str, below: RowLayer) -> None:
        self.features, self.stride, self.output, self.delta = below.features, below.stride, below.output, below.delta
        self.kind = ACTIVATIONS.index(kind)
        self.slope = Slope(workspace, below.stride)
        if kind != "gelu" and isinstance(below, Weighted):
            # Where a unit saturates, Glorot's advice: as much goes forwards as comes back.
            below.weight.limit = (6 / (below.inputs + below.features)) ** 0.5

    def forward(self, program: Program) -> None:
        """Record Y = f(X), and f'(X) if gradients will be wanted."""
        slope = self.slope.address(program)
        program.add("activate", self.kind, self.output, slope, COUNT, self.features, self.stride)

    def backward(self, program: Program, optimizer: Optimizer) -> None:  # noqa: ARG002
        """Record dX = dY · f'(X)."""
        program.add("times", self.delta, self.slope.reserved, COUNT, self.stride)


class Slope:
    """Room for what an activation's gradient is multiplied by, reserved when a program first wants it."""

    def __init__(self, workspace: Workspace, stride: int) -> None:
        self._workspace = workspace
        self._stride = stride
        self.reserved = 0

    def address(self, program: Program) -> int:
        """Return where the program has it, 0 for a program that does not."""
        if program.slopes and not self.reserved:
            self.reserved = self._workspace.floats(self._stride)
        return self.reserved if program.slopes else 0


class Dropout(RowLayer):
    """Leaves out units while the network trains, in place; at other times it does nothing."""

    def __init__(self, workspace: Workspace, layer: LayerDescription, below: RowLayer) -> None:
        self.features, self.stride, self.output, self.delta = below.features, below.stride, below.output, below.delta
        self._workspace = workspace
        self.percent = round(100 * layer["rate"])
        self.number = int(layer["name"].removeprefix("drop"))  # so that each layer leaves out others
        self._mask = 0

    def forward(self, program: Program) -> None:
        """Record Y = X · mask, if the program is for training."""
        if program.training:
            self._mask = self._mask or self._workspace.floats(self.stride)
            program.add(
                "drop", self.output, self._mask, COUNT, self.features, self.stride, FIRST, SEED, self.number,
                self.percent,
            )  # fmt: skip

    def backward(self, program: Program, optimizer: Optimizer) -> None:  # noqa: ARG002
        """Record dX = dY · mask."""
        program.add("times", self.delta, self._mask, COUNT, self.stride)


class Relu(RowLayer):
    """max(x, 0), in place: its output and delta are those of the layer below."""

    def __init__(self, below: RowLayer) -> None:
        self.features, self.stride, self.output, self.delta = below.features, below.stride, below.output, below.delta

    def forward(self, program: Program) -> None:
        """Record Y = max(X, 0)."""
        program.add("relu_forward", self.output, COUNT, self.stride)

    def backward(self, program: Program, optimizer: Optimizer) -> None:  # noqa: ARG002
        """Record dX = dY where Y is positive, else 0."""
        program.add("relu_backward", self.delta, self.output, COUNT, self.stride)
