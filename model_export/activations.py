"""The activations of hidden layers as ONNX operators: each with its derivative, for the train step.

`model_export.graphs` and `model_export.convolution` say where they stand.
"""

import math
from collections.abc import Callable

from model_export.operators import FLOAT, GraphBuilder

type Slope = Callable[[], str]  # appends dy/dx, and returns its name


def activate(g: GraphBuilder, kind: str, x: str) -> tuple[str, Slope]:
    """Append y = activation(x) of any shape; return y, and what appends its derivative once that is needed."""
    return {"relu": _relu, "tanh": _tanh, "sigmoid": _sigmoid, "gelu": _gelu}[kind](g, x)


def _relu(g: GraphBuilder, x: str) -> tuple[str, Slope]:
    """Append max(x, 0); where x is 0, of either sign, the derivative is 0."""
    y = g.op("Relu", x)
    return y, lambda: g.op("Cast", g.op("Greater", y, g.constant(0.0)), to=FLOAT)


def _tanh(g: GraphBuilder, x: str) -> tuple[str, Slope]:
    y = g.op("Tanh", x)
    return y, lambda: g.op("Sub", g.constant(1.0), g.op("Mul", y, y))


def _sigmoid(g: GraphBuilder, x: str) -> tuple[str, Slope]:
    y = g.op("Sigmoid", x)
    return y, lambda: g.op("Mul", y, g.op("Sub", g.constant(1.0), y))


def _gelu(g: GraphBuilder, x: str) -> tuple[str, Slope]:
    """Append the exact x · Φ(x); ONNX has an operator for it only from set 20 on."""
    error = g.op("Erf", g.op("Mul", x, g.constant(math.sqrt(0.5))))
    part = g.op("Mul", g.op("Add", error, g.constant(1.0)), g.constant(0.5))  # Φ(x)

    def slope() -> str:
        density = g.op("Exp", g.op("Mul", g.op("Mul", x, x), g.constant(-0.5)))
        return g.op("Add", part, g.op("Mul", g.op("Mul", x, density), g.constant(1 / math.sqrt(2 * math.pi))))

    return g.op("Mul", x, part), slope
