"""Convolutional layers: 3×3, each with its activation and 2×2 max pooling, computed in one go; and flattening.

In a network's list they are four layers (`conv3x3`, `relu`, `maxpool2`, `flatten`); the pooling layer records the
calls for the first three. In memory, positions come before channels, (B, rows, columns, C), and the weights of a
dense layer above are arranged for that. How a layer records its passes is explained in `scrawl.net.dense`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.activations import Slope
from scrawl.net.dense import BLOCK, Layer, RowLayer
from scrawl.net.names import ACTIVATIONS
from scrawl.net.parameters import FLOAT, row_stride
from scrawl.net.program import COUNT, STEP

if TYPE_CHECKING:
    from scrawl.net.dense import Images, Workspace
    from scrawl.net.interfaces import LayerDescription
    from scrawl.net.optimizers import Optimizer
    from scrawl.net.program import Program


class Convolution(Layer):
    """A convolution with its parameters. Its output is pooled; memory for it is reserved by `allocate_output`."""

    def __init__(self, workspace: Workspace, layer: LayerDescription, below: Images | Pooled) -> None:
        self.workspace = workspace
        self.inputs, self.outputs = layer["inputs"], layer["outputs"]
        self.name = name = layer["name"]
        self.side: int = below.side  # of the input
        self.shape = self.stride = self.output = self.delta = self.which = 0
        self.activation = "relu"
        self.wide = -(-self.outputs // BLOCK) * BLOCK  # channels that there is room for; those beyond stay zero
        if self.inputs != below.channels:
            raise ValueError(f"{name} takes {self.inputs} channels, the layer below gives {below.channels}")
        if self.side % 2:
            raise ValueError(f"{name} needs even sides, got {self.side}")
        self.weight, self.bias = workspace.parameters[f"{name}.weight"], workspace.parameters[f"{name}.bias"]
        if self.weight.shape != (self.outputs, self.inputs, 3, 3) or self.bias.shape != (self.outputs,):
            shapes = f"{self.weight.shape} and {self.bias.shape}"
            raise ValueError(f"{name} is {self.inputs} → {self.outputs} channels, its parameters are {shapes}")
        self.bias.allocate(self.outputs, self.wide, 0.0)
        self._limit = (6 / (9 * self.inputs)) ** 0.5

    def allocate_output(self, border: int) -> None:
        """Reserve memory for the pooled output, with a border of zeros or without; a sample's is `stride` floats."""
        kernel, batch, side = self.workspace.kernel, self.workspace.max_batch, self.side // 2
        floats = (side + 2 * border) ** 2 * self.wide
        self.stride = floats if border else row_stride(floats)
        self.output, self.delta = self.workspace.floats(self.stride), self.workspace.floats(self.stride)
        self.which = kernel.alloc(batch * side**2 * self.wide)  # which of a window's four was greatest
        inputs = self.inputs if self.inputs == 1 else -(-self.inputs // BLOCK) * BLOCK
        words = [self.side, inputs, self.wide, border, self.stride, ACTIVATIONS.index(self.activation)]
        self.shape = kernel.alloc(FLOAT * len(words))
        kernel.write_words(self.shape, words)

    if TYPE_CHECKING:

        def pooled_forward(self, program: Program) -> None:
            """Record convolution, ReLU and pooling."""

        def pooled_backward(self, program: Program, optimizer: Optimizer) -> None:
            """Record their gradients."""


class ImageConvolution(Convolution):
    """The first: reads images, and skips what is blank in them. Its weights are stored (9, O)."""

    def __init__(self, workspace: Workspace, layer: LayerDescription, below: Images) -> None:
        super().__init__(workspace, layer, below)
        self.weight.allocate(self.outputs, self.wide, self._limit)
        self._pixels = workspace.floats((self.side + 2) * (self.side + 4))  # with a border

    def pooled_forward(self, program: Program) -> None:
        """Record Y = the greatest, in each window, of ReLU(X ∗ W + b)."""
        program.add("ink", self._pixels, *program.pictures, COUNT, self.side)
        program.add(
            "image_conv_forward", self.shape, self._pixels, self.weight.address, self.bias.address,
            COUNT, self.output, self.which,
        )  # fmt: skip

    def pooled_backward(self, program: Program, optimizer: Optimizer) -> None:
        """Record the updates. Nobody wants the gradient of the images."""
        weight, bias = optimizer.gradient(self.weight), optimizer.gradient(self.bias)
        program.add(
            "image_conv_update", self.shape, weight, bias, self._pixels,
            COUNT, self.delta, self.output, self.which, STEP, 0, self.wide,
        )  # fmt: skip


class InnerConvolution(Convolution):
    """One above another convolution. Its weights are stored (O, 9, I)."""

    def __init__(self, workspace: Workspace, layer: LayerDescription, below: Pooled) -> None:
        super().__init__(workspace, layer, below)
        self.below = below
        below.allocate_output(1)
        self.weight.allocate(self.outputs, 1, self._limit, 9, below.convolution.wide, self.wide)
        self._d_weight = workspace.kernel.alloc(self.weight.size * FLOAT)
        self._d_bias = workspace.kernel.alloc(self.wide * FLOAT)
        self._scratch = self.room = 0

    def allocate_output(self, border: int) -> None:
        """Reserve memory for the pooled output, and what the kernel needs for itself."""
        super().allocate_output(border)
        kernel = self.workspace.kernel
        self._scratch = kernel.alloc(kernel.function("conv_scratch")(self.shape))
        self.room = kernel.alloc(kernel.function("conv_room")(self.shape) * kernel.most_threads)

    def pooled_forward(self, program: Program) -> None:
        """Record Y = the greatest, in each window, of ReLU(X ∗ W + b)."""
        program.add(
            "conv_prepare", self.shape, self.below.output, self.weight.address, self.bias.address,
            self._scratch, self.room,
        )  # fmt: skip
        program.add(
            "conv_forward", self.shape, self.below.output, self.bias.address,
            COUNT, self.output, self.which, self._scratch, self.room,
        )  # fmt: skip

    def pooled_backward(self, program: Program, optimizer: Optimizer) -> None:
        """Record dX with the weights as they were, then the updates."""
        program.add(
            "conv_input", self.shape, self.below.delta, self.weight.address,
            COUNT, self.delta, self.output, self.which, self.room,
        )  # fmt: skip
        program.add(
            "conv_weights", self.shape, self._d_weight, self._d_bias, self.below.output,
            COUNT, self.delta, self.output, self.which, 0, -(-self.outputs // 8) * 8, self.room,
        )  # fmt: skip
        gradient = optimizer.gradient
        program.add("add_scaled", gradient(self.weight), self._d_weight, self.weight.size, STEP)
        program.add("add_scaled", gradient(self.bias), self._d_bias, self.bias.size, STEP)


class Activated(Layer):
    """The activation directly above a convolution. It records nothing: pooling does."""

    def __init__(self, convolution: Convolution, kind: str) -> None:
        self.convolution = convolution
        convolution.activation = kind
        if kind not in ("relu", "gelu"):
            convolution.weight.limit = (6 / (9 * (convolution.inputs + convolution.outputs))) ** 0.5


class Pooled(Layer):
    """2×2 max pooling above them. Among equals the first, in row-major order, gets the gradient."""

    def __init__(self, below: Activated) -> None:
        self.convolution = below.convolution
        self.channels = below.convolution.outputs
        self.side: int = below.convolution.side // 2
        self.stride = self.output = self.delta = 0
        self.kind = ACTIVATIONS.index(self.convolution.activation)  # 0 where the convolution does it itself
        self.slope: Slope | None = None

    def allocate_output(self, border: int) -> None:
        """Reserve memory for output and delta, as the layer above wants them."""
        convolution = self.convolution
        convolution.allocate_output(border)
        self.stride, self.output, self.delta = convolution.stride, convolution.output, convolution.delta
        self.slope = Slope(convolution.workspace, self.stride) if self.kind else None

    def forward(self, program: Program) -> None:
        """Record convolution, activation and pooling."""
        convolution = self.convolution
        convolution.pooled_forward(program)
        if self.slope is not None:
            slope = self.slope.address(program)
            channels = convolution.outputs
            program.add("activate_maps", self.kind, convolution.shape, channels, self.output, slope, COUNT)

    def backward(self, program: Program, optimizer: Optimizer) -> None:
        """Record their gradients."""
        if self.slope is not None:
            program.add("times", self.delta, self.slope.reserved, COUNT, self.stride)
        self.convolution.pooled_backward(program, optimizer)


class Flattened(RowLayer):
    """One row per sample, its features in the order (position, channel), where PyTorch has (channel, position).

    It records nothing: in memory it is one row already.
    """

    def __init__(self, below: Pooled) -> None:
        below.allocate_output(0)
        self.positions = below.side**2
        self.features = below.channels * self.positions
        self.wide = below.convolution.wide
        self.stride, self.output, self.delta = below.stride, below.output, below.delta
