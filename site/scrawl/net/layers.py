"""The kinds of layers, each as the kernel's calls for its forward and backward pass.

A layer is made with the layer `below` it, whose `output` (B, `stride`) it reads and whose `delta` (the gradient of
the loss by that output, same shape) its backward pass writes. Rows are `stride` floats apart, a multiple of 4; what
lies between a row's `features` and its stride is zero. Calls are recorded in a `scrawl.net.program.Program`, forward
from the bottom up, backward from the top down. Building the stack is left to `scrawl.net.network`.
"""

from scrawl.net.program import COUNT, FIRST, IMAGES, LABELS, ONE, ROWS, SEED, STEP

FLOAT = 4
BLOCK = 32  # hidden units per block of the first layer's weights, as in the kernel


def row_stride(features):
    """Return how many floats rows are apart: an odd number of 64-byte lines, which spreads rows over the cache."""
    return ((features + 15) // 16 | 1) * 16


def product(sizes):
    """Return how many elements a shape has. (Brython's `math` is larger than all of the page's own code.)"""
    total = 1
    for size in sizes:
        total *= size
    return total


class Parameter:
    """A float32 tensor, outside in PyTorch's layout, inside as its layer packs it."""

    def __init__(self, kernel, name, shape):
        self.kernel = kernel
        self.name = name
        self.shape = tuple(shape)
        self.count = product(self.shape)
        self.address = 0  # where the layer keeps it; set by `place`
        self.size = 0  # how many floats that takes
        self.sparse = False  # whether its gradient is never stored, as the first dense layer's
        self._gradient = 0

    def place(self, outputs, block, limit, places=1):
        """Reserve memory for blocks of `block` outputs: (ceil(O/block), I, block). `limit` is for `randomise`.

        Where inputs are (channel, place) outside, they are (place, channel) inside.
        """
        self.limit = limit
        inputs = self.count // outputs
        self._layout = (outputs, inputs, block, places)
        self.size = -(-outputs // block) * block * (-(-inputs // 4) * 4)  # whole vectors, and rows to transpose
        self.bytes = self.size * FLOAT
        self.address = self.kernel.alloc(self.bytes)
        self._staging = self.kernel.alloc(self.count * FLOAT)

    def gradient(self):
        """Return where a batch's gradient is summed up, for optimizers that want it first; it begins at zero."""
        if not self._gradient:
            self._gradient = self.kernel.alloc(self.bytes)
        return self._gradient

    def load(self, floats):
        """Take over `count` floats in PyTorch's layout."""
        self.kernel.write_floats(self._staging, floats)
        self.kernel.function("pack_weights")(self.address, self._staging, *self._layout)

    def export(self):
        """Return a copy, in PyTorch's layout."""
        self.kernel.function("unpack_weights")(self._staging, self.address, *self._layout)
        return self.kernel.read_floats(self._staging, self.count)

    def randomise(self, seed):
        """Fill with numbers evenly spread over -limit..limit."""
        self.kernel.function("fill_uniform")(self._staging, self.count, self.limit, seed)
        self.kernel.function("pack_weights")(self.address, self._staging, *self._layout)


class Images:
    """The bottom of the stack: u8 images, as a listing of the pixels that are not blank."""

    def __init__(self, kernel, features, max_batch):
        self.kernel, self.max_batch = kernel, max_batch
        self.features = features  # D
        self.side = 28  # of the picture
        self.entries = 0
        self._varied = 0

    def make_listing(self):
        """Reserve memory for the listing. Only a dense layer needs it."""
        alloc, features = self.kernel.alloc, self.features
        self.positions = alloc(256 * 8)
        self.kernel.function("fill_positions")(self.positions)
        self.entries = alloc(FLOAT * (features * self.max_batch + 8))  # by sample
        self.starts = alloc(FLOAT * (self.max_batch + 1))
        self.columns_stride = row_stride(self.max_batch)
        self.columns = alloc(FLOAT * features * self.columns_stride)  # by pixel
        self.counts = alloc(FLOAT * features)

    def augment(self, program):
        """Record that COUNT varied pictures are made of the images, by SEED; they are what the program reads."""
        if not self._varied:
            self._varied = self.kernel.alloc(self.features * self.max_batch)
        program.add("augment", self._varied, IMAGES, ROWS, FIRST, COUNT, SEED)
        program.pictures = (self._varied, 0, 0)

    def forward(self, program):
        """List the pixels of COUNT images: rows ROWS[FIRST], ROWS[FIRST + 1], …, or FIRST, … if ROWS is 0."""
        if self.entries:
            batch = (*program.pictures, COUNT, self.features)
            program.add("fetch_images", *batch)
            program.add("list_pixels", *batch, self.positions, self.entries, self.starts)


class _Weighted:
    """What the dense layers share: a weight (O, I) in blocks of `block` outputs, and a bias."""

    def __init__(self, kernel, layer, below, parameters, max_batch, stride, block):
        self.below = below
        self.inputs, self.features = layer["inputs"], layer["outputs"]
        name = layer["name"]
        if self.inputs != below.features:
            raise ValueError(f"{name} takes {self.inputs} inputs, the layer below gives {below.features}")
        self.stride = stride
        self.output = kernel.alloc(max_batch * self.stride * FLOAT)
        self.delta = kernel.alloc(max_batch * self.stride * FLOAT)
        self.weight, self.bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
        if self.weight.shape != (self.features, self.inputs) or self.bias.shape != (self.features,):
            shapes = f"{self.weight.shape} and {self.bias.shape}"
            raise ValueError(f"{name} is {self.inputs} → {self.features}, its parameters are {shapes}")
        self.weight.place(self.features, block, (6 / self.inputs) ** 0.5, getattr(below, "places", 1))
        self.bias.place(self.features, self.stride, 0.0)

    def _update_bias(self, program):
        program.add("bias_update", program.optimizer.gradient(self.bias), self.delta, COUNT, self.stride, STEP)


class SparseDense(_Weighted):
    """The first dense layer: works on the listing of `Images`."""

    def __init__(self, kernel, layer, below, parameters, max_batch):
        self._padded = -(-layer["outputs"] // BLOCK) * BLOCK
        super().__init__(kernel, layer, below, parameters, max_batch, row_stride(self._padded), BLOCK)
        self.weight.sparse = True
        below.make_listing()

    def forward(self, program):
        """Record Y = X Wᵀ + b."""
        below = self.below
        program.add(
            "sparse_forward", self.weight.address, self.bias.address, below.entries, below.starts,
            COUNT, self.inputs, self._padded, self.output, self.stride,
        )  # fmt: skip

    def backward(self, program):
        """Record W += step · dYᵀ X, and the same for the bias. Nobody wants the gradient of the images."""
        below = self.below
        program.add(
            "group_pixels", below.entries, below.starts, COUNT, self.inputs,
            below.columns, below.columns_stride, below.counts,
        )  # fmt: skip
        columns = (below.columns, below.columns_stride, below.counts)
        shape = (self.inputs, self._padded, self.delta, self.stride)
        program.optimizer.move_sparse(program, self.weight, columns, shape)
        self._update_bias(program)


class Dense(_Weighted):
    """A dense layer of any shape. Its weights are stored (I, stride), so that a row multiplies one input."""

    def __init__(self, kernel, layer, below, parameters, max_batch):
        stride = row_stride(layer["outputs"])
        super().__init__(kernel, layer, below, parameters, max_batch, stride, stride)
        self._columns = -(-self.features // 4) * 4
        self._transposed = kernel.alloc(self._columns * below.stride * FLOAT)  # (O, below.stride)

    def forward(self, program):
        """Record Y = X Wᵀ + b."""
        below = self.below
        program.add(
            "matmul", self.output, self.stride, below.output, below.stride, 1, self.weight.address, self.stride,
            COUNT, self._columns, self.inputs, self.bias.address, 0, ONE,
        )  # fmt: skip

    def backward(self, program):
        """Record dX = dY W, with the weights as they were, then W += step · dYᵀ X, and the same for the bias."""
        below, weight = self.below, program.optimizer.gradient(self.weight)
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
        self._update_bias(program)


class Relu:
    """max(x, 0), in place: its output and delta are those of the layer below."""

    def __init__(self, below):
        self.features, self.stride, self.output, self.delta = below.features, below.stride, below.output, below.delta

    def forward(self, program):
        """Record Y = max(X, 0)."""
        program.add("relu_forward", self.output, COUNT, self.stride)

    def backward(self, program):
        """Record dX = dY where Y is positive, else 0."""
        program.add("relu_backward", self.delta, self.output, COUNT, self.stride)


class LogSoftmax:
    """The top of the stack: classes from scores, the loss, and its gradient."""

    def __init__(self, below):
        self.features, self.stride, self.output = below.features, below.stride, below.output
        # The gradient takes the place of the scores, which nobody reads any more.
        below.delta = below.output

    def forward(self, program):
        """Record nothing: `loss` and `probabilities` go on from the scores."""

    def backward(self, program):
        """Record nothing: `loss` has left the gradient."""

    def loss(self, program, score):
        """Record the loss and the count of right answers, added up at address `score`, and the gradient."""
        program.add("nll", self.output, COUNT, self.features, self.stride, LABELS, ROWS, FIRST, score)

    def probabilities(self, program):
        """Record the softmax of the first sample's scores."""
        program.add("softmax", self.output, self.features, self.stride)


def _dense(kernel, layer, below, parameters, max_batch):
    kind = SparseDense if isinstance(below, Images) else Dense
    return kind(kernel, layer, below, parameters, max_batch)


# What makes each kind of layer, from (kernel, layer, below, parameters, max_batch).
LAYERS = {
    "dense": _dense,
    "relu": lambda _kernel, _layer, below, *_: Relu(below),
    "log_softmax": lambda _kernel, _layer, below, *_: LogSoftmax(below),
}
