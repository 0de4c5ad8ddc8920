"""ONNX graphs from an architecture's list of layers: inference, and one training step.

Only plain operators are used; in the train step the backward pass is written out, so that any ONNX Runtime can train.
Axis letters: B batch, D inputs, H hidden units, K classes, C channels. In the train step,
images between convolutions are (C, B, rows, columns); `model_export.convolution` says why.
`functions.models.inference` and `functions.models.training` run the graphs.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import CLASSES, COLUMNS, PIXELS, ROWS
from functions.errors import InvalidValueError
from functions.models.manifest import ACTIVATIONS, Layer
from model_export.activations import activate
from model_export.architectures import LOG_SOFTMAX, Architecture, feature_shapes, parameter_table
from model_export.convolution import ConvPool
from model_export.operators import FLOAT, INT64, GraphBuilder

# Takes the gradient of a layer's output and whether that of its input is wanted; returns the latter, or "".
Backward = Callable[[str, bool], str]


def inference_graph(architecture: Architecture, weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return an ONNX model: `images` (B, 784) to `log_probabilities` (B, 10), the weights as initializers."""
    g = GraphBuilder()
    value = g.input("images", FLOAT, ["B", PIXELS])
    for name, _ in parameter_table(architecture.layers):
        g.parameter(name, weights[name])
    if architecture.layers[0].kind == "conv3x3":
        value = g.op("Reshape", value, g.constant([-1, 1, ROWS, COLUMNS]))
    for layer in architecture.layers:
        value = _infer(g, layer, value)
    g.output(value, FLOAT, ["B", CLASSES])
    description = f"{architecture.title}. Pixels are 0..1, ink is 1; answers log-probabilities of the digits 0 to 9."
    return g.finish("inference", description, _metadata(architecture, "inference"))


def _infer(g: GraphBuilder, layer: Layer, x: str) -> str:
    """Append one layer of the inference graph, (B, …) in and out."""
    weight, bias = f"{layer.name}.weight", f"{layer.name}.bias"
    match layer.kind:
        case "dense":
            return g.op("Gemm", x, weight, bias, transB=1)
        case "conv3x3":
            return g.op("Conv", x, weight, bias, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        case kind if kind in ACTIVATIONS:
            return activate(g, kind, x)[0]
        case "dropout":
            return x
        case "maxpool2":
            return g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        case "flatten":
            return g.op("Flatten", x, axis=1)
        case _:
            return g.op("LogSoftmax", x, axis=1, name="log_probabilities")


def train_step_graph(architecture: Architecture) -> bytes:
    """Return an ONNX model of one step of SGD: parameters, momentum, batch and settings in, the new ones out.

    Where there is dropout, a mask (B, units) of 0 and 1 for each layer of it comes in as well.
    With g the gradient of the mean negative log-likelihood: g += weight_decay·w, v = momentum·v + g,
    w -= learning_rate·v, as in PyTorch.
    """
    g = GraphBuilder()
    step = _TrainStep(g, architecture)
    table = parameter_table(architecture.layers)
    for prefix in ("", "momentum."):
        for name, shape in table:
            g.input(prefix + name, FLOAT, shape)
    g.input("images", FLOAT, ["B", PIXELS])
    g.input("labels", INT64, ["B"])
    for setting in ("learning_rate", "momentum", "weight_decay"):
        g.input(setting, FLOAT, [])
    for layer in architecture.layers:
        if layer.kind == "dropout":
            g.input(f"{layer.name}.mask", FLOAT, ["B", layer.outputs])
    step.forward_and_backward()
    for name, _ in table:
        _sgd(g, name, step.gradients[name])
    for prefix in ("new.", "new.momentum."):
        for name, shape in table:
            g.output(prefix + name, FLOAT, shape)
    g.output("loss", FLOAT, [])
    g.output("correct", INT64, [])
    description = (
        f"One training step of: {architecture.title}. Loss is the mean negative log-likelihood of the batch."
    )
    return g.finish("train_step", description, _metadata(architecture, "train_step"))


def _sgd(g: GraphBuilder, name: str, gradient: str) -> None:
    """Append the update of one parameter."""
    decayed = g.op("Add", gradient, g.op("Mul", name, "weight_decay"))
    velocity = g.op("Add", g.op("Mul", f"momentum.{name}", "momentum"), decayed, name=f"new.momentum.{name}")
    g.op("Sub", name, g.op("Mul", velocity, "learning_rate"), name=f"new.{name}")


def _metadata(architecture: Architecture, graph: str) -> dict[str, str]:
    parameters = " ".join(
        f"{name}:{'x'.join(map(str, shape))}" for name, shape in parameter_table(architecture.layers)
    )
    return {"model": architecture.id, "graph": graph, "title": architecture.title, "parameters": parameters}


class _TrainStep:
    """Appends the layers' forward pass, then their backward pass in reverse; collects the parameters' gradients."""

    def __init__(self, g: GraphBuilder, architecture: Architecture) -> None:
        self.g = g
        self.layers = architecture.layers
        self.shapes: list[tuple[int, ...]] = [(1, ROWS, COLUMNS), *feature_shapes(architecture.layers)]
        self.gradients: dict[str, str] = {}

    def forward_and_backward(self) -> None:
        """Append everything from the images to the gradients, the loss and the number correct."""
        g, value = self.g, "images"
        if self.layers[0].kind == "conv3x3":
            value = g.op("Reshape", value, g.constant([1, -1, ROWS, COLUMNS]))
        append = {"dense": self.dense, "dropout": self.dropout, "flatten": self.flatten}
        append |= dict.fromkeys(ACTIVATIONS, self.activation)
        tape: list[Backward] = []
        for layer, behind, shape in self.units():
            if layer.kind == "conv3x3":
                value, backward = self.conv_pool(layer, behind, value, shape)
            else:
                value, backward = append[layer.kind](layer, value, shape)
            tape.append(backward)
        gradient = self.negative_log_likelihood(value)
        for place, backward in reversed(list(enumerate(tape))):
            gradient = backward(gradient, place > 0)

    def units(self) -> Iterator[tuple[Layer, str, tuple[int, ...]]]:
        """Yield each layer but the last, the activation that belongs to a convolution, and the input's shape.

        A convolution stands for the activation and the pooling behind it as well.
        """
        layers = iter(zip(self.layers[:-1], self.shapes, strict=False))
        for layer, shape in layers:
            behind = ""
            if layer.kind == "conv3x3":
                behind, pooling = (next(layers, (LOG_SOFTMAX,))[0].kind for _ in range(2))
                if behind not in ACTIVATIONS or pooling != "maxpool2":
                    raise InvalidValueError(
                        f"training needs an activation, maxpool2 behind {layer.name}, got {behind}, {pooling}",
                        "layers",
                    )
            elif layer.kind == "maxpool2":
                raise InvalidValueError("training needs conv3x3 and an activation before a maxpool2", "layers")
            yield layer, behind, shape

    def negative_log_likelihood(self, scores: str) -> str:
        """Append the loss and the number correct; return the scores' gradient, (softmax - one-hot) / B."""
        g = self.g
        log_probabilities = g.op("LogSoftmax", scores, axis=1)  # (B, K)
        one_hot = g.op("OneHot", "labels", g.constant(CLASSES), _off_on(g), axis=1)  # (B, K)
        picked = g.op("ReduceSum", g.op("Mul", one_hot, log_probabilities), keepdims=0)
        count = g.op("Cast", g.op("Size", "labels"), to=FLOAT)
        g.op("Div", g.op("Neg", picked), count, name="loss")
        right = g.op("Equal", g.op("ArgMax", log_probabilities, axis=1, keepdims=0), "labels")
        g.op("ReduceSum", g.op("Cast", right, to=INT64), keepdims=0, name="correct")
        return g.op("Div", g.op("Sub", g.op("Exp", log_probabilities), one_hot), count)

    def dense(self, layer: Layer, x: str, _: tuple[int, ...]) -> tuple[str, Backward]:
        """Append y = x Wᵀ + b; x (B, inputs), y (B, outputs)."""
        g = self.g
        weight, bias = f"{layer.name}.weight", f"{layer.name}.bias"

        def backward(dy: str, wanted: bool) -> str:
            self.gradients[weight] = g.op("Gemm", dy, x, transA=1)
            self.gradients[bias] = g.op("ReduceSum", dy, g.constant([0]), keepdims=0)
            return g.op("MatMul", dy, weight) if wanted else ""

        return g.op("Gemm", x, weight, bias, transB=1), backward

    def activation(self, layer: Layer, x: str, _: tuple[int, ...]) -> tuple[str, Backward]:
        """Append y = activation(x) of a hidden layer."""
        y, slope = activate(self.g, layer.kind, x)
        return y, lambda dy, _: self.g.op("Mul", dy, slope())

    def dropout(self, layer: Layer, x: str, _: tuple[int, ...]) -> tuple[str, Backward]:
        """Append y = x · mask / (1 - rate)."""
        g = self.g
        factor = g.op("Mul", f"{layer.name}.mask", g.constant(1 / (1 - layer.rate)))
        return g.op("Mul", x, factor), lambda dy, _: g.op("Mul", dy, factor)

    def flatten(self, _: Layer, x: str, shape: tuple[int, ...]) -> tuple[str, Backward]:
        """Append (C, B, rows, columns) → (B, C·rows·columns)."""
        g = self.g
        y = g.op("Flatten", g.op("Transpose", x, perm=[1, 0, 2, 3]), axis=1)

        def backward(dy: str, _: bool) -> str:
            return g.op("Transpose", g.op("Reshape", dy, g.constant([-1, *shape])), perm=[1, 0, 2, 3])

        return y, backward

    def conv_pool(self, layer: Layer, activation: str, x: str, shape: tuple[int, ...]) -> tuple[str, Backward]:
        """Append a convolution with the activation and the pooling behind it; x, y are (C, B, rows, columns)."""
        unit = ConvPool(self.g, layer, activation, *shape[1:])
        return unit.forward(x), lambda dy, wanted: unit.backward(dy, self.gradients, wanted)


def _off_on(g: GraphBuilder) -> str:
    """Return the pair (0.0, 1.0) that OneHot asks for."""
    return g.op("Cast", g.constant([0, 1]), to=FLOAT)
