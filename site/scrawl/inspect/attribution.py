"""A network's activations for a picture, and how much its pixels and units contribute to each digit's score.

Everything is exact. A score here is a digit's logit above the average of all ten, because softmax depends on nothing
else. Its gradient is computed backwards through the layers as in training, and the contribution of a pixel or unit is
its value times that gradient. The weights are only read. The kernel does the arithmetic (`site/kernel/inside.c`);
the modules of `scrawl.net` describe how a layer stores its numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.activations import Activation, Relu
from scrawl.net.convolution import Convolution, ImageConvolution, InnerConvolution, Pooled
from scrawl.net.dense import BLOCK, Dense, SparseDense
from scrawl.net.network import CLASSES, PIXELS
from scrawl.net.parameters import FLOAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from scrawl.net.dense import Layer
    from scrawl.net.interfaces import Floats, Kernel
    from scrawl.net.network import Network

    type Weighted = Dense | SparseDense | Convolution


class Stage:
    """A hidden layer: its `count` units, or feature maps of `side` × `side`, after their activation.

    `layer` has the output, `weighted` has the weights.
    """

    def __init__(self, weighted: Weighted, layer: Relu | Activation | Pooled) -> None:
        self.weighted = weighted
        self.layer = layer
        if isinstance(layer, Pooled):
            self.count, self.side, self.wide = layer.channels, layer.side, layer.convolution.wide
            self.border = int(layer.stride == (self.side + 2) ** 2 * self.wide)
        else:
            self.count, self.side, self.wide, self.border = layer.features, 1, layer.features, 0

    def offset(self, unit: int) -> int:
        """Return which float of a sample's output is the first of a unit or map."""
        return self.row_step() * self.border + self.wide * self.border + unit

    def indices(self, unit: int) -> list[int]:
        """Return which floats of a sample's output belong to a unit or map."""
        first, side = self.offset(unit), range(self.side)
        return [first + row * self.row_step() + column * self.wide for row in side for column in side]

    def row_step(self) -> int:
        """Return how many floats apart the rows of a map are; its columns are `wide` apart."""
        return (self.side + 2 * self.border) * self.wide


class Attribution:
    """Explains one network's predictions. Call `predict` first: the other methods are about its picture."""

    def __init__(self, kernel: Kernel, network: Network) -> None:
        self.kernel = kernel
        self.network = network
        self.stages = _stages(network.layers)
        self._gradient = kernel.alloc(PIXELS * FLOAT)
        self._backward_steps = [self._backward(layer) for layer in network.layers[:0:-1]]
        self._image = 0

    def predict(self, image: int) -> list[float]:
        """Return the ten probabilities for the picture, 784 u8, at an address."""
        self._image = image
        return self.network.predict(image)

    def activations(self, stage: int) -> Floats:
        """Return the floats of the stage: one a unit, or (rows, columns, maps) with the border that they have."""
        layer = self.stages[stage].layer
        return self.kernel.read_floats(layer.output, layer.stride)

    def saliency(self, digit: int) -> Floats:
        """Return what each of the 784 pixels contributes to a digit's score."""
        self._backpropagate(digit, 0)
        self.kernel.function("times_ink")(self._gradient, self._image, PIXELS)
        return self.kernel.read_floats(self._gradient, PIXELS)

    def saliency_address(self) -> int:
        """Return the address of the floats of the last `saliency`."""
        return self._gradient

    def unit_activation(self, stage: int, unit: int) -> float:
        """Return the activation of a stage's unit, or the greatest of a map."""
        values = self.activations(stage)
        return max([float(values[index]) for index in self.stages[stage].indices(unit)])

    def unit_saliency(self, number: int, unit: int) -> None:
        """Write what each pixel contributes to a stage's unit, or to the sum of a map, to `saliency_address`."""
        self.backpropagate_unit(number, unit, -1)
        self.kernel.function("times_ink")(self._gradient, self._image, PIXELS)

    def backpropagate_digit(self, digit: int, below: int) -> None:
        """Write the gradients of a digit's score to the deltas of the stages from the top down to number `below`."""
        self._backpropagate(digit, self._place(below))

    def backpropagate_unit(self, number: int, unit: int, below: int, masked: bool = True) -> None:
        """Write the gradients of a unit, or of a map's sum, to the deltas down to stage `below`; -1 is the picture.

        Nothing goes through a unit that is silent, unless it is a dense layer's and `masked` is false.
        """
        stage = self.stages[number]
        self.kernel.function("clear")(stage.layer.delta, stage.layer.stride)
        for index in stage.indices(unit):
            self.kernel.write_floats(stage.layer.delta + FLOAT * index, [1.0])
        self._run(self._place(number) - (0 if masked else 1), self._place(below))

    def contributions(self, number: int, unit: int) -> list[float]:
        """Return what a stage's unit or map contributes to each of the ten digits' scores."""
        stage = self.stages[number]
        values = self.activations(number)
        active = [index for index in stage.indices(unit) if values[index] != 0]
        contributions: list[float] = []
        for digit in range(CLASSES):
            self._backpropagate(digit, self.network.layers.index(stage.layer))
            delta = self.kernel.read_floats(stage.layer.delta, stage.layer.stride)
            contributions.append(sum([float(values[index]) * float(delta[index]) for index in active]))
        return contributions

    def _backpropagate(self, digit: int, until: int) -> None:
        """Write the gradients of a digit's score to the deltas of the layers from the top down to number `until`."""
        self._set_top_gradient(digit)
        self._run(len(self._backward_steps), until)

    def _run(self, above: int, until: int) -> None:
        """Go backwards through the layers from number `above` to the one above number `until`."""
        top = len(self._backward_steps)
        for step in self._backward_steps[top - above : top - until]:
            step()

    def _place(self, number: int) -> int:
        """Return which layer is a stage's, 0 for the picture, which is -1."""
        return self.network.layers.index(self.stages[number].layer) if number >= 0 else 0

    def _set_top_gradient(self, digit: int) -> None:
        top = self.network.top
        share = 1 / CLASSES
        row = [(1 - share if k == digit else -share) if k < CLASSES else 0.0 for k in range(top.stride)]
        self.kernel.write_floats(top.output, row)

    def _backward(self, layer: Layer) -> Callable[[], object]:
        """Return the function that computes the delta below a layer, for the first one the picture's gradient."""
        if isinstance(layer, SparseDense):
            return self._dense(layer, self._gradient, -(-layer.features // BLOCK) * BLOCK, BLOCK)
        if isinstance(layer, Dense):
            return self._dense(layer, layer.below.delta, layer.stride, layer.stride)
        if isinstance(layer, Relu):
            return _call(self.kernel, "relu_backward", layer.delta, layer.output, 1, layer.stride)
        if isinstance(layer, Activation):
            return _call(self.kernel, "times", layer.delta, layer.slope.reserved, 1, layer.stride)
        if isinstance(layer, Pooled):
            return self._pooled(layer)
        return _nothing  # the top, flattening, and convolutions, whose work pooling does

    def _dense(self, layer: Dense | SparseDense, target: int, outputs: int, block: int) -> Callable[[], object]:
        weight = layer.weight.address
        return _call(self.kernel, "dense_input", target, weight, layer.delta, layer.inputs, outputs, block)

    def _pooled(self, layer: Pooled) -> Callable[[], object]:
        convolve = self._convolution(layer.convolution)
        if layer.slope is None:
            return convolve
        multiply = _call(self.kernel, "times", layer.delta, layer.slope.reserved, 1, layer.stride)
        return lambda: (multiply(), convolve())

    def _convolution(self, layer: Convolution) -> Callable[[], object]:
        if isinstance(layer, ImageConvolution):
            arguments = (layer.shape, self._gradient, layer.weight.address, layer.delta, layer.output, layer.which)
            return _call(self.kernel, "image_conv_input", *arguments)
        if isinstance(layer, InnerConvolution):
            return self._inner_convolution(layer)
        raise TypeError(f"convolutions read images or maps, got {type(layer).__name__}")

    def _inner_convolution(self, layer: InnerConvolution) -> Callable[[], object]:
        target, weight = layer.below.delta, layer.weight.address
        arguments = (target, weight, 1, layer.delta, layer.output, layer.which, layer.room)
        return _call(self.kernel, "conv_input", layer.shape, *arguments)


def _call(kernel: Kernel, name: str, *arguments: Any) -> Callable[[], object]:
    function = kernel.function(name)
    return lambda: function(*arguments)


def _nothing() -> None:
    """Do nothing: the layer and the layer below share their delta."""


def _stages(layers: Iterable[Layer]) -> list[Stage]:
    """Return the hidden layers from the bottom up: after the activation, or after pooling."""
    stages: list[Stage] = []
    weighted: Weighted | None = None
    for layer in layers:
        if isinstance(layer, (Dense, SparseDense, Convolution)):
            weighted = layer
        elif isinstance(layer, (Relu, Activation, Pooled)) and weighted is not None:
            stages.append(Stage(weighted, layer))
    return stages
