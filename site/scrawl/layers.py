"""The kinds of layers, each as the kernel's calls for its forward and backward pass.

A layer is made with the layer `below` it, whose `output` (B, `stride`) it reads and whose `delta` (the gradient of
the loss by that output, same shape) its backward pass writes. Rows are `stride` floats apart, a multiple of 4; what lies
between a row's `features` and its stride is zero. Building the stack and feeding it is left to `scrawl.network`.
"""

FLOAT = 4
BLOCK = 32  # hidden units per block of the first layer's weights, as in the kernel


def row_stride(features):
    """Return how many floats rows are apart: an odd number of 64-byte lines, which spreads rows over the cache."""
    return ((features + 15) // 16 | 1) * 16


def _product(sizes):
    # Not math's: its module alone is larger than the page's own code.
    product = 1
    for size in sizes:
        product *= size
    return product


class Parameter:
    """A float32 tensor, outside in PyTorch's layout, inside as its layer packs it."""

    def __init__(self, kernel, name, shape):
        self.kernel = kernel
        self.name = name
        self.shape = tuple(shape)
        self.count = _product(self.shape)
        self.limit = 0.0  # `randomise` draws from -limit..limit
        self.address = 0  # where the layer keeps it; set by `place`
        self.pack = self.unpack = None

    def place(self, floats, pack, unpack, limit):
        """Reserve memory as the layer wants it; `pack(address, source)` and `unpack(target, address)` convert."""
        self.address = self.kernel.alloc(floats * FLOAT)
        self.staging = self.kernel.alloc(self.count * FLOAT)
        self.pack, self.unpack, self.limit = pack, unpack, limit

    def load(self, floats):
        """Take over `count` floats in PyTorch's layout."""
        self.kernel.write_floats(self.staging, floats)
        self.pack(self.address, self.staging)

    def export(self):
        """Return a copy, in PyTorch's layout."""
        self.unpack(self.staging, self.address)
        return self.kernel.read_floats(self.staging, self.count)

    def randomise(self, seed):
        """Fill with numbers evenly spread over -limit..limit."""
        self.kernel.function("fill_uniform")(self.staging, self.count, self.limit, seed)
        self.pack(self.address, self.staging)


class Images:
    """The bottom of the stack: u8 images, as a listing of the pixels that are not blank."""

    def __init__(self, kernel, features, max_batch):
        self.features = features  # D
        self.entries = kernel.alloc(8 * features * max_batch)  # by sample
        self.starts = kernel.alloc(4 * (max_batch + 1))
        self.columns = kernel.alloc(8 * features * max_batch)  # by pixel
        self.ends = kernel.alloc(4 * features)
        self._list = kernel.function("list_pixels")
        self._list_floats = kernel.function("list_float_pixels")

    def list(self, images, order, first, count):
        """List the pixels of `count` images: rows order[first], order[first + 1], …, or first, … if `order` is 0."""
        self._list(images, order, first, count, self.features, self.entries, self.starts)

    def list_floats(self, image):
        """List the pixels of one float32 image."""
        self._list_floats(image, self.features, self.entries, self.starts)


class _Weighted:
    """What the dense layers share: a weight (O, I) in blocks of `block` outputs, and a bias."""

    def __init__(self, kernel, layer, below, parameters, max_batch, block):
        self.below = below
        self.inputs, self.features = layer["inputs"], layer["outputs"]
        if self.inputs != below.features:
            raise ValueError(f"{layer['name']} takes {self.inputs} inputs, the layer below gives {below.features}")
        self.stride = row_stride(self.features)
        self.output = kernel.alloc(max_batch * self.stride * FLOAT)
        self.delta = kernel.alloc(max_batch * self.stride * FLOAT)
        self.weight, self.bias = (parameters[f"{layer['name']}.{part}"] for part in ("weight", "bias"))
        if self.weight.shape != (self.features, self.inputs) or self.bias.shape != (self.features,):
            raise ValueError(
                f"{layer['name']} is {self.inputs} → {self.features}, "
                f"its parameters are {self.weight.shape} and {self.bias.shape}"
            )
        self._place(kernel, block)
        self._bias_update = kernel.function("bias_update")

    def _place(self, kernel, block):
        pack, unpack = kernel.function("pack_weights"), kernel.function("unpack_weights")
        outputs, inputs = self.features, self.inputs
        self.weight.place(
            -(-outputs // block) * block * inputs,
            lambda address, source: pack(address, source, outputs, inputs, block),
            lambda target, address: unpack(target, inputs, address, outputs, inputs, block),
            (6 / inputs) ** 0.5,
        )
        self.bias.place(
            self.stride,
            lambda address, source: pack(address, source, outputs, 1, self.stride),
            lambda target, address: unpack(target, 1, address, outputs, 1, self.stride),
            0.0,
        )


class SparseDense(_Weighted):
    """The first dense layer: works on the listing of `Images`."""

    def __init__(self, kernel, layer, below, parameters, max_batch):
        super().__init__(kernel, layer, below, parameters, max_batch, BLOCK)
        self._padded = -(-self.features // BLOCK) * BLOCK
        self._forward = kernel.function("sparse_forward")
        self._group = kernel.function("group_pixels")
        self._update = kernel.function("sparse_update")

    def forward(self, count):
        images = self.below
        self._forward(
            self.weight.address, self.bias.address, images.entries, images.starts, count, self.inputs, self._padded,
            self.output, self.stride,
        )  # fmt: skip

    def backward(self, count, rate):
        images = self.below
        self._group(images.entries, images.starts, count, self.inputs, self.stride, images.columns, images.ends)
        self._update(
            self.weight.address, images.columns, images.ends, self.inputs, self._padded, self.delta, rate
        )  # fmt: skip
        self._bias_update(self.bias.address, self.delta, count, self.stride, rate)


class Dense(_Weighted):
    """A dense layer of any shape. Its weights are stored (I, stride), so that a row multiplies one input."""

    def __init__(self, kernel, layer, below, parameters, max_batch):
        super().__init__(kernel, layer, below, parameters, max_batch, row_stride(layer["outputs"]))
        self._transposed = kernel.alloc(self.features * below.stride * FLOAT)  # (O, below.stride)
        self._columns = -(-self.features // 4) * 4
        self._matmul = kernel.function("matmul")
        self._unpack = kernel.function("unpack_weights")

    def forward(self, count):
        below = self.below
        self._matmul(
            self.output, self.stride, below.output, below.stride, 1, self.weight.address, self.stride,
            count, self._columns, self.inputs, self.bias.address, 0, 1.0,
        )  # fmt: skip

    def backward(self, count, rate):
        below = self.below
        self._unpack(self._transposed, below.stride, self.weight.address, self.features, self.inputs, self.stride)
        self._matmul(
            below.delta, below.stride, self.delta, self.stride, 1, self._transposed, below.stride,
            count, below.stride, self.features, 0, 0, 1.0,
        )  # fmt: skip
        self._matmul(
            self.weight.address, self.stride, below.output, 1, below.stride, self.delta, self.stride,
            self.inputs, self._columns, count, self.weight.address, self.stride, -rate,
        )  # fmt: skip
        self._bias_update(self.bias.address, self.delta, count, self.stride, rate)


class Relu:
    """max(x, 0), in place: its output and delta are those of the layer below."""

    def __init__(self, kernel, below):
        self.features, self.stride, self.output, self.delta = below.features, below.stride, below.output, below.delta
        self._forward = kernel.function("relu_forward")
        self._backward = kernel.function("relu_backward")

    def forward(self, count):
        self._forward(self.output, count * self.stride)

    def backward(self, count, _rate):
        self._backward(self.delta, self.output, count * self.stride)


class LogSoftmax:
    """The top of the stack: classes from scores, the loss, and its gradient in the delta below."""

    def __init__(self, kernel, below):
        self.kernel = kernel
        self.features, self.stride, self.output = below.features, below.stride, below.output
        # The gradient takes the place of the scores, which nobody reads any more.
        below.delta = below.output
        self._result = kernel.alloc(16)  # a Score: loss, correct
        self._nll = kernel.function("nll")
        self._softmax = kernel.function("softmax")

    def forward(self, _count):
        """Leave it to `score` and `probabilities`: they need the scores as they are."""

    def backward(self, _count, _rate):
        """Leave it to `score`, which has done it."""

    def score(self, labels, order, first, count):
        """Leave the gradient of the loss, and return (sum of the negative log-likelihoods, number correct)."""
        self._nll(self.output, count, self.features, self.stride, labels, order, first, self._result)
        return self.kernel.read_double(self._result), int(self.kernel.read_double(self._result + 8))

    def probabilities(self):
        """Return the first sample's probabilities as a list."""
        self._softmax(self.output, self.features, self.stride)
        return [*self.kernel.read_floats(self.output, self.features)]


def _dense(kernel, layer, below, parameters, max_batch):
    kind = SparseDense if isinstance(below, Images) else Dense
    return kind(kernel, layer, below, parameters, max_batch)


# What makes each kind of layer, from (kernel, layer, below, parameters, max_batch).
LAYERS = {
    "dense": _dense,
    "relu": lambda kernel, _layer, below, *_: Relu(kernel, below),
    "log_softmax": lambda kernel, _layer, below, *_: LogSoftmax(kernel, below),
}
