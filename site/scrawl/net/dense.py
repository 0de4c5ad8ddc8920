"""Layers that give one row of numbers per sample: dense ones and log-softmax; and the images at the bottom.

A layer is made with the layer `below` it, whose `output` (B, `stride`) it reads and whose `delta` (the gradient of
the loss by that output, same shape) its backward pass writes. Rows are `stride` floats apart, a multiple of 4; what
lies between a row's `features` and its stride is zero. Calls are recorded in a `scrawl.net.program.Program`, forward
from the bottom up, backward from the top down.

Axes: B batch, D inputs of the network, H hidden units, K classes, I and O inputs and outputs of a dense layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.parameters import FLOAT, row_stride
from scrawl.net.program import COUNT, FIRST, IMAGES, LABELS, ONE, ROWS, SEED, STEP

if TYPE_CHECKING:
    from scrawl.net.interfaces import Kernel, LayerDescription
    from scrawl.net.optimizers import Optimizer
    from scrawl.net.parameters import Parameter
    from scrawl.net.program import Program

BLOCK = 32  # hidden units per block of the first layer's weights, as in the kernel


class Workspace:
    """What all layers of a network are made with: the kernel, the parameters, and the largest batch."""

    def __init__(self, kernel: Kernel, parameters: dict[str, Parameter], max_batch: int) -> None:
        self.kernel = kernel
        self.parameters = parameters
        self.max_batch = max_batch

    def floats(self, features: int) -> int:
        """Reserve so many floats for each sample of a batch and return their address."""
        return self.kernel.alloc(self.max_batch * features * FLOAT)


class Layer:
    """A layer; one that records nothing has its work done by another."""

    def forward(self, program: Program) -> None:
        """Record the forward pass."""

    def backward(self, program: Program, optimizer: Optimizer) -> None:
        """Record the backward pass: the gradient for the layer below, and for the optimizer."""


class RowLayer(Layer):
    """A layer with an output and a delta of one row per sample."""

    features: int
    stride: int
    output: int
    delta: int
    positions = 1  # of a picture, in each of whose channels a feature stands
    wide = 0  # the channels of a position for which there is room, 0 for as many as there are


class Images(Layer):
    """The bottom of the stack: u8 images, as a listing of the pixels that are not blank."""

    channels = 1
    side = 28

    def __init__(self, workspace: Workspace, features: int) -> None:
        self.workspace = workspace
        self.features = features  # D
        self.entries = 0  # by sample; no listing yet
        self.lengths = self.columns = self.columns_stride = self.counts = 0
        self._positions = 0
        self._augmented = 0

    def allocate_listing(self) -> None:
        """Reserve memory for the listing. Only a dense layer needs it."""
        kernel, features, batch = self.workspace.kernel, self.features, self.workspace.max_batch
        self._positions = kernel.alloc(256 * 8)
        kernel.function("fill_positions")(self._positions)
        self.entries = kernel.alloc(FLOAT * batch * (features + 8))  # list_pixels writes beyond the last one
        self.lengths = kernel.alloc(FLOAT * batch)
        self.columns_stride = row_stride(batch)
        self.columns = kernel.alloc(FLOAT * features * self.columns_stride)  # by pixel
        self.counts = kernel.alloc(FLOAT * features)

    def augment(self, program: Program) -> None:
        """Record that COUNT varied pictures are made of the images, by SEED; they are what the program reads."""
        if not self._augmented:
            self._augmented = self.workspace.kernel.alloc(self.features * self.workspace.max_batch)
        program.add("augment", self._augmented, IMAGES, ROWS, FIRST, COUNT, SEED)
        program.pictures = (self._augmented, 0, 0)

    def forward(self, program: Program) -> None:
        """List the pixels of COUNT images: rows ROWS[FIRST], ROWS[FIRST + 1], …, or FIRST, … if ROWS is 0."""
        if self.entries:
            batch = (*program.pictures, COUNT, self.features)
            program.add("fetch_images", *batch)
            program.add("list_pixels", *batch, self._positions, self.entries, self.lengths)


class Weighted(RowLayer):
    """What the dense layers share: a weight (O, I) in blocks of `block` outputs, and a bias."""

    def __init__(
        self, workspace: Workspace, layer: LayerDescription, below: RowLayer | Images, stride: int, block: int
    ) -> None:
        self.inputs, self.features = layer["inputs"], layer["outputs"]
        name = layer["name"]
        if self.inputs != below.features:
            raise ValueError(f"{name} takes {self.inputs} inputs, the layer below gives {below.features}")
        self.stride = stride
        self.output, self.delta = workspace.floats(stride), workspace.floats(stride)
        self.weight, self.bias = workspace.parameters[f"{name}.weight"], workspace.parameters[f"{name}.bias"]
        if self.weight.shape != (self.features, self.inputs) or self.bias.shape != (self.features,):
            shapes = f"{self.weight.shape} and {self.bias.shape}"
            raise ValueError(f"{name} is {self.inputs} → {self.features}, its parameters are {shapes}")
        positions, wide = (below.positions, below.wide) if isinstance(below, RowLayer) else (1, 0)
        self.weight.allocate(self.features, block, (6 / self.inputs) ** 0.5, positions, wide)
        self.inputs = positions * wide or self.inputs  # as they stand in memory
        self.bias.allocate(self.features, self.stride, 0.0)

    def _update_bias(self, program: Program, optimizer: Optimizer) -> None:
        program.add("bias_update", optimizer.gradient(self.bias), self.delta, COUNT, self.stride, STEP, self.stride)


class SparseDense(Weighted):
    """The first dense layer: works on the listing of `Images`."""

    def __init__(self, workspace: Workspace, layer: LayerDescription, below: Images) -> None:
        self.below = below
        self._padded = -(-layer["outputs"] // BLOCK) * BLOCK
        super().__init__(workspace, layer, below, row_stride(self._padded), BLOCK)
        self.weight.sparse = True
        below.allocate_listing()

    def forward(self, program: Program) -> None:
        """Record Y = X Wᵀ + b."""
        below = self.below
        program.add(
            "sparse_forward", self.weight.address, self.bias.address, below.entries, below.lengths,
            COUNT, self.inputs, self._padded, self.output, self.stride,
        )  # fmt: skip

    def backward(self, program: Program, optimizer: Optimizer) -> None:
        """Record W += step · dYᵀ X, and the same for the bias. Nobody wants the gradient of the images."""
        below = self.below
        program.add(
            "group_pixels", below.entries, below.lengths, COUNT, self.inputs,
            below.columns, below.columns_stride, below.counts, 0, self.inputs,
        )  # fmt: skip
        columns = (below.columns, below.columns_stride, below.counts)
        shape = (self.inputs, self._padded, self.delta, self.stride)
        optimizer.move_sparse(program, self.weight, columns, shape)
        self._update_bias(program, optimizer)


class Dense(Weighted):
    """A dense layer of any shape. Its weights are stored (I, stride), so that a row multiplies one input."""

    def __init__(self, workspace: Workspace, layer: LayerDescription, below: RowLayer) -> None:
        self.below = below
        stride = row_stride(layer["outputs"])
        super().__init__(workspace, layer, below, stride, stride)
        self._columns = -(-self.features // 4) * 4
        self._transposed = workspace.kernel.alloc(self._columns * below.stride * FLOAT)  # (O, below.stride)

    def forward(self, program: Program) -> None:
        """Record Y = X Wᵀ + b."""
        below = self.below
        program.add(
            "matmul", self.output, self.stride, below.output, below.stride, 1, self.weight.address, self.stride,
            COUNT, self._columns, self.inputs, self.bias.address, 0, ONE,
        )  # fmt: skip

    def backward(self, program: Program, optimizer: Optimizer) -> None:
        """Record dX = dY W, with the weights as they were, then W += step · dYᵀ X, and the same for the bias."""
        below, weight = self.below, optimizer.gradient(self.weight)
        program.add(
            "transpose", self._transposed, below.stride, self.weight.address, self.stride, self.inputs, self.features,
        )  # fmt: skip
        program.add(
            "matmul", below.delta, below.stride, self.delta, self.stride, 1, self._transposed, below.stride,
            COUNT, below.stride, self.features, 0, 0, ONE,
        )  # fmt: skip
        program.add(
            "matmul", weight, self.stride, below.output, 1, below.stride, self.delta, self.stride,
            self.inputs, self._columns, COUNT, weight, self.stride, STEP,
        )  # fmt: skip
        self._update_bias(program, optimizer)


class LogSoftmax(RowLayer):
    """The top of the stack: classes from scores, the loss, and its gradient.

    The passes record nothing: `loss` and `probabilities` go on from the scores, and `loss` leaves the gradient.
    """

    def __init__(self, below: RowLayer) -> None:
        self.features, self.stride, self.output = below.features, below.stride, below.output
        # The gradient takes the place of the scores, which nobody reads any more.
        self.delta = below.delta = below.output

    def loss(self, program: Program, score: int) -> None:
        """Record the loss and the count of right answers, added up at address `score`, and the gradient."""
        program.add("nll", self.output, COUNT, self.features, self.stride, LABELS, ROWS, FIRST, score)

    def probabilities(self, program: Program) -> None:
        """Record the softmax of the first sample's scores."""
        program.add("softmax", self.output, self.features, self.stride)
