"""Convolutional layers: 3×3, each with ReLU and 2×2 max pooling, as the kernel has them in one; and flattening.

In the list they are four kinds of layers (`conv3x3`, `relu`, `maxpool2`, `flatten`); the calls are recorded for the
pooling layer. Inside, positions are stored before channels, (B, rows, columns, C), which the weights of a dense layer
above are arranged for. The other layers, and how a layer records its passes, are in `scrawl.net.layers`.
"""

from scrawl.net import layers
from scrawl.net.layers import BLOCK, FLOAT, Images, LogSoftmax, Relu, row_stride
from scrawl.net.program import COUNT, STEP


class _Convolution:
    """A convolution with its parameters, and its pooled output and delta once it is known what reads them."""

    def __init__(self, kernel, layer, below, parameters, max_batch):
        self.kernel, self.below, self.max_batch = kernel, below, max_batch
        self.inputs, self.outputs = layer["inputs"], layer["outputs"]
        self.name = name = layer["name"]
        self.channels, self.side, _ = below.features
        if self.inputs != self.channels:
            raise ValueError(f"{name} takes {self.inputs} channels, the layer below gives {self.channels}")
        if self.outputs % BLOCK or self.side % 2:
            raise ValueError(
                f"{name} needs multiples of {BLOCK} channels on even sides, got {self.outputs}, {self.side}"
            )
        self.weight, self.bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
        if self.weight.shape != (self.outputs, self.inputs, 3, 3) or self.bias.shape != (self.outputs,):
            shapes = f"{self.weight.shape} and {self.bias.shape}"
            raise ValueError(f"{name} is {self.inputs} → {self.outputs} channels, its parameters are {shapes}")
        self.bias.place(self.outputs, self.outputs, 0.0)
        self.limit = (6 / (9 * self.inputs)) ** 0.5

    features = "scores of a convolution, to be followed by relu and maxpool2"

    def place_output(self, border):
        """Reserve memory for the pooled output, with a border of zeros or without; a sample's is `stride` floats."""
        side = self.side // 2
        floats = (side + 2 * border) ** 2 * self.outputs
        self.stride = floats if border else row_stride(floats)
        self.output, self.delta = (self.kernel.alloc(self.max_batch * self.stride * FLOAT) for _ in range(2))
        self.which = self.kernel.alloc(self.max_batch * side**2 * self.outputs)
        words = [self.side, self.inputs, self.outputs, border, self.stride]
        self.shape = self.kernel.alloc(FLOAT * len(words))
        self.kernel.write_words(self.shape, words)

    def forward(self, program):
        """Record nothing: pooling does."""

    backward = forward


class ImageConvolution(_Convolution):
    """The first: reads images, and skips what is blank in them. Its weights are stored (9, O)."""

    def __init__(self, kernel, layer, below, parameters, max_batch):
        super().__init__(kernel, layer, _Picture(below), parameters, max_batch)
        self.weight.place(self.outputs, self.outputs, self.limit)
        self._pixels = kernel.alloc(max_batch * (self.side + 2) * (self.side + 4) * FLOAT)  # with a border

    def pooled_forward(self, program):
        """Record Y = the greatest, in each window, of ReLU(X ∗ W + b)."""
        program.add("ink", self._pixels, *program.pictures, COUNT, self.side)
        program.add(
            "image_conv_forward", self.shape, self._pixels, self.weight.address, self.bias.address,
            COUNT, self.output, self.which,
        )  # fmt: skip

    def pooled_backward(self, program):
        """Record the updates. Nobody wants the gradient of the images."""
        weight, bias = (program.optimizer.gradient(p) for p in (self.weight, self.bias))
        program.add(
            "image_conv_update", self.shape, weight, bias, self._pixels,
            COUNT, self.delta, self.output, self.which, STEP,
        )  # fmt: skip


class _Picture:
    """Images as a convolution sees them: one channel of 28 × 28."""

    def __init__(self, images):
        self.features = (1, images.side, images.side)


class Convolution(_Convolution):
    """One above another convolution. Its weights are stored (O, 9, I)."""

    def __init__(self, kernel, layer, below, parameters, max_batch):
        super().__init__(kernel, layer, below, parameters, max_batch)
        below.place_output(1)
        self.weight.place(self.outputs, 1, self.limit, 9)
        self._d_weight = kernel.alloc(self.weight.size * FLOAT)
        self._d_bias = kernel.alloc(self.outputs * FLOAT)

    def place_output(self, border):
        """Reserve memory for the pooled output, and what the kernel needs for itself."""
        super().place_output(border)
        self._scratch = self.kernel.alloc(self.kernel.function("conv_scratch")(self.shape))

    def pooled_forward(self, program):
        """Record Y = the greatest, in each window, of ReLU(X ∗ W + b)."""
        program.add(
            "conv_forward", self.shape, self.below.output, self.weight.address, self.bias.address,
            COUNT, self.output, self.which, self._scratch,
        )  # fmt: skip

    def pooled_backward(self, program):
        """Record dX with the weights as they were, then the updates."""
        program.add(
            "conv_backward", self.shape, self._d_weight, self._d_bias, self.below.delta, self.below.output,
            self.weight.address, COUNT, self.delta, self.output, self.which, self._scratch,
        )  # fmt: skip
        gradient = program.optimizer.gradient
        program.add("add_scaled", gradient(self.weight), self._d_weight, self.weight.size, STEP)
        program.add("add_scaled", gradient(self.bias), self._d_bias, self.bias.size, STEP)


class Rectified:
    """ReLU directly above a convolution, which does it."""

    features = "a convolution's output, to be followed by maxpool2"

    def __init__(self, convolution):
        self.convolution = convolution

    def forward(self, program):
        """Record nothing: pooling does."""

    backward = forward


class Pooled:
    """2×2 max pooling above them. Among equals the first, in row-major order, gets the gradient."""

    def __init__(self, below):
        if not isinstance(below, Rectified):
            raise ValueError(f"maxpool2 must follow conv3x3 and relu, got {type(below).__name__}")
        self.convolution = convolution = below.convolution
        self.features = (convolution.outputs, convolution.side // 2, convolution.side // 2)

    def place_output(self, border):
        """Reserve memory for output and delta, as the layer above wants them."""
        self.convolution.place_output(border)
        self.stride = self.convolution.stride
        self.output, self.delta = self.convolution.output, self.convolution.delta

    def forward(self, program):
        """Record convolution, ReLU and pooling."""
        self.convolution.pooled_forward(program)

    def backward(self, program):
        """Record their gradients."""
        self.convolution.pooled_backward(program)


class Flattened:
    """One row per sample, its features in the order (position, channel), where PyTorch has (channel, position)."""

    def __init__(self, below):
        if not isinstance(below, Pooled):
            raise ValueError(f"flatten must follow maxpool2, got {type(below).__name__}")
        below.place_output(0)
        channels, rows, columns = below.features
        self.places = rows * columns
        self.features = channels * self.places
        self.stride, self.output, self.delta = below.stride, below.output, below.delta

    def forward(self, program):
        """Record nothing: it is one row already."""

    backward = forward


def _convolution(kernel, layer, below, parameters, max_batch):
    if isinstance(below, Images):
        return ImageConvolution(kernel, layer, below, parameters, max_batch)
    if isinstance(below, Pooled):
        return Convolution(kernel, layer, below, parameters, max_batch)
    raise ValueError(f"conv3x3 must come first or follow maxpool2, got {type(below).__name__}")


def _relu(_kernel, _layer, below, *_):
    return Rectified(below) if isinstance(below, _Convolution) else _on_rows(Relu, "relu", below)


def _on_rows(kind, name, below):
    if isinstance(below.features, int) and not isinstance(below, Images):
        return kind(below)
    raise ValueError(f"{name} must follow a layer that gives one row per sample, got {type(below).__name__}")


# What makes each kind of layer, from (kernel, layer, below, parameters, max_batch).
LAYERS = {
    **layers.LAYERS,
    "relu": _relu,
    "conv3x3": _convolution,
    "maxpool2": lambda _kernel, _layer, below, *_: Pooled(below),
    "flatten": lambda _kernel, _layer, below, *_: Flattened(below),
    "log_softmax": lambda _kernel, _layer, below, *_: _on_rows(LogSoftmax, "log_softmax", below),
}
