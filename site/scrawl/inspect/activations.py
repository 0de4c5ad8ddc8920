"""Looks into a network: what each layer makes of a picture, and which of its inputs and units spoke for a digit.

Everything is exact. A score here is how far a digit's is above the average of all ten, since softmax cares for
nothing else; what moves it is its gradient, computed backwards through the layers as training does. A pixel or unit
has contributed its value times that gradient. The network's weights are only read. Arithmetic is the kernel's, in
`site/kernel/inside.c`; how a layer keeps its numbers is said in `scrawl.net.layers` and `scrawl.net.convolution`.
"""

from scrawl.net.convolution import ImageConvolution, Pooled
from scrawl.net.layers import BLOCK, FLOAT, Dense, Relu, SparseDense
from scrawl.net.network import CLASSES, PIXELS


class Stage:
    """A layer that can be looked at: its `count` units, or feature maps of `side` × `side`, after their ReLU.

    `layer` has the output, `weighted` the weights.
    """

    def __init__(self, weighted: object, layer: object) -> None:
        self.weighted = weighted
        self.layer = layer
        if isinstance(layer, Pooled):
            self.count, self.side, _ = layer.features
            self.border = int(layer.stride == (self.side + 2) ** 2 * self.count)
        else:
            self.count, self.side, self.border = layer.features, 1, 0

    def start(self, unit: int) -> int:
        """Return at which float of a sample's output the first number of a unit or map stands."""
        return self.row_step() * self.border + self.count * self.border + unit

    def row_step(self) -> int:
        """Return how many floats the rows of a map are apart; its columns are `count` apart."""
        return (self.side + 2 * self.border) * self.count


class Lens:
    """Looks into one network. `look` comes first; the other answers are about the picture it was given."""

    def __init__(self, kernel: object, network: object) -> None:
        self.kernel = kernel
        self.network = network
        self.stages = _stages(network.layers)
        self._gradient = kernel.alloc(PIXELS * FLOAT)
        self._back = [self._backward(layer) for layer in network.layers[:0:-1]]
        self._image = 0

    def look(self, image: int) -> list:
        """Read the picture at an address, 784 u8, and return the ten probabilities."""
        self._image = image
        return self.network.predict(image)

    def activations(self, number: int) -> object:
        """Return the floats of the stage: one a unit, or (rows, columns, maps) with the border that they have."""
        layer = self.stages[number].layer
        return self.kernel.read_floats(layer.output, layer.stride)

    def saliency(self, digit: int) -> object:
        """Return what each of the 784 pixels has contributed to a digit's score."""
        self._send_back(digit, 0)
        self.kernel.function("times_ink")(self._gradient, self._image, PIXELS)
        return self.kernel.read_floats(self._gradient, PIXELS)

    def saliency_address(self) -> int:
        """Return where the floats of the last `saliency` are."""
        return self._gradient

    def votes(self, number: int, unit: int) -> list:
        """Return what a stage's unit or map has contributed to each of the ten digits' scores."""
        stage = self.stages[number]
        places = [
            stage.start(unit) + row * stage.row_step() + column * stage.count
            for row in range(stage.side)
            for column in range(stage.side)
        ]
        values = self.activations(number)
        active = [place for place in places if values[place] > 0]
        votes = []
        for digit in range(CLASSES):
            self._send_back(digit, self.network.layers.index(stage.layer))
            delta = self.kernel.read_floats(stage.layer.delta, stage.layer.stride)
            votes.append(sum(float(values[place]) * float(delta[place]) for place in active))
        return votes

    def _send_back(self, digit: int, until: int) -> None:
        """Leave the gradients of a digit's score in the deltas of the layers from the top down to number `until`."""
        self._seed(digit)
        for step in self._back[: len(self._back) - until]:
            step()

    def _seed(self, digit: int) -> None:
        top = self.network.layers[-1]
        share = 1 / CLASSES
        row = [(1 - share if place == digit else -share) if place < CLASSES else 0.0 for place in range(top.stride)]
        self.kernel.write_floats(top.output, row)

    def _backward(self, layer: object) -> object:
        """Return what brings a layer's delta to the layer below, or, of the first one, to the picture."""
        if isinstance(layer, SparseDense):
            return self._dense(layer, self._gradient, -(-layer.features // BLOCK) * BLOCK, BLOCK)
        if isinstance(layer, Dense):
            return self._dense(layer, layer.below.delta, layer.stride, layer.stride)
        if isinstance(layer, Relu):
            return _call(self.kernel, "relu_backward", layer.delta, layer.output, 1, layer.stride)
        if isinstance(layer, Pooled):
            convolution = layer.convolution
            image = isinstance(convolution, ImageConvolution)
            return self._image_convolution(convolution) if image else self._convolution(convolution)
        return _nothing  # the top, flattening, and convolutions, whose work pooling does

    def _dense(self, layer: object, target: int, outputs: int, block: int) -> object:
        weight = layer.weight.address
        return _call(self.kernel, "dense_input", target, weight, layer.delta, layer.inputs, outputs, block)

    def _image_convolution(self, layer: object) -> object:
        arguments = (layer.shape, self._gradient, layer.weight.address, layer.delta, layer.output, layer.which)
        return _call(self.kernel, "image_conv_input", *arguments)

    def _convolution(self, layer: object) -> object:
        alloc, below = self.kernel.alloc, layer.below
        d_weight, d_bias = alloc(layer.weight.size * FLOAT), alloc(layer.outputs * FLOAT)
        scratch = alloc(self.kernel.function("conv_scratch")(layer.shape))
        gradients = (d_weight, d_bias, below.delta, below.output, layer.weight.address)
        arguments = (*gradients, 1, layer.delta, layer.output, layer.which, scratch)
        return _call(self.kernel, "conv_backward", layer.shape, *arguments)


def _call(kernel: object, name: str, *arguments: object) -> object:
    function = kernel.function(name)
    return lambda: function(*arguments)


def _nothing() -> None:
    """Do nothing: the layer's delta is that of the layer below."""


def _stages(layers: list) -> list:
    """Return the hidden layers that can be looked at, from the bottom up: after ReLU, or after pooling."""
    stages, weighted = [], None
    for layer in layers:
        if isinstance(layer, (Relu, Pooled)):
            stages.append(Stage(weighted, layer))
        elif hasattr(layer, "weight"):
            weighted = layer
    return stages
