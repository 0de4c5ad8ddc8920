"""Convolution, activation and 2×2 max pooling in the train step: one unit, forward and backward.

Pooling looks at four pixels at a time, and so does everything here: the convolution is computed for the upper left
pixel of every pooling window, for the upper right one, and so on, four phases in all. Then pooling is the largest of
four matrices and choosing who receives the gradient is three comparisons, while ONNX Runtime's MaxPool with Indices
alone would take as long as the rest. An activation after pooling is the same as before it, on a quarter of the
numbers, if it only rises. GELU falls first: what it makes the largest of four is their largest or their least one.

x and y are (C, B, rows, columns), so that each phase's shifted slices of x, put under each other, are one matrix.
"""

import numpy as np

from functions.models.manifest import Layer
from model_export.activations import Slope, activate
from model_export.operators import FLOAT, GraphBuilder

PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))  # row and column within a window; among equals the first is chosen
TAPS = tuple((row, column) for row in range(3) for column in range(3))


class ConvPool:
    """The unit for one convolution of x (inputs, B, rows, columns) to y (outputs, B, rows / 2, columns / 2)."""

    def __init__(self, g: GraphBuilder, layer: Layer, activation: str, rows: int, columns: int) -> None:
        self.g, self.layer, self.activation = g, layer, activation
        self.rows, self.columns = rows, columns
        self.weight, self.bias = f"{layer.name}.weight", f"{layer.name}.bias"

    def forward(self, x: str) -> str:
        """Append y = activation(chosen one of the four phases + b)."""
        g = self.g
        by_tap = g.op("Transpose", self.weight, perm=[0, 2, 3, 1])  # (outputs, 3, 3, inputs), as the slices lie
        kernel = g.op("Reshape", by_tap, g.constant([self.layer.outputs, -1]))
        self.slices = self._slices(x)  # of each phase, (9·inputs, B·rows/2·columns/2)
        self.products = [g.op("MatMul", kernel, matrix) for matrix in self.slices]
        self.chosen = self._chosen()
        y, self.slope = self._activated(self.chosen)
        return g.op("Reshape", y, g.constant([self.layer.outputs, -1, self.rows // 2, self.columns // 2]))

    def _chosen(self) -> str:
        """Append which of the four products the activation makes the largest."""
        g = self.g
        largest = g.op("Max", *self.products)
        if self.activation != "gelu":
            return largest
        least = g.op("Min", *self.products)
        (high, _), (low, _) = self._activated(largest), self._activated(least)
        return g.op("Where", g.op("GreaterOrEqual", high, low), largest, least)

    def _activated(self, product: str) -> tuple[str, Slope]:
        """Append activation(product + b); return it, and what appends its derivative."""
        g = self.g
        return activate(g, self.activation, g.op("Add", product, g.op("Reshape", self.bias, g.constant([-1, 1]))))

    def _slices(self, x: str) -> list[str]:
        """Append the nine shifted slices of x for each phase, every second row and column of the padded x."""
        g = self.g
        padded = g.op("Pad", x, g.constant([0, 0, 1, 1, 0, 0, 1, 1]))
        axes, steps = g.constant([2, 3]), g.constant([2, 2])
        shifted = {}
        for row in range(4):
            for column in range(4):
                end = g.constant([row + self.rows - 1, column + self.columns - 1])
                shifted[row, column] = g.op("Slice", padded, g.constant([row, column]), end, axes, steps)
        matrices = []
        for row, column in PHASES:
            stacked = g.op("Concat", *(shifted[row + dy, column + dx] for dy, dx in TAPS), axis=0)
            matrices.append(g.op("Reshape", stacked, g.constant([9 * self.layer.inputs, -1])))
        return matrices

    def backward(self, dy: str, gradients: dict[str, str], wanted: bool) -> str:
        """Append the parameters' gradients and, if it is wanted, that of x, whose name is returned."""
        g, layer = self.g, self.layer
        passed = g.op("Reshape", dy, g.constant([layer.outputs, -1]))
        passed = g.op("Mul", passed, self.slope())
        gradients[self.bias] = g.op("ReduceSum", passed, g.constant([1]), keepdims=0)
        is_chosen = [g.op("Equal", product, self.chosen) for product in self.products[:-1]]
        by_tap = ""
        for part, matrix in zip(self._by_phase(passed, is_chosen), self.slices, strict=True):
            so_far = [by_tap] if by_tap else []
            by_tap = g.op("Gemm", part, matrix, *so_far, transB=1)  # (outputs, 9·inputs)
        by_tap = g.op("Reshape", by_tap, g.constant([layer.outputs, 3, 3, layer.inputs]))
        gradients[self.weight] = g.op("Transpose", by_tap, perm=[0, 3, 1, 2])
        return self._input_gradient(passed, is_chosen) if wanted else ""

    def _by_phase(self, passed: str, is_chosen: list[str]) -> list[str]:
        """Append the gradient of each phase: all of it where the phase is the first that was chosen."""
        g = self.g
        parts = []
        for mask in is_chosen:
            parts.append(g.op("Mul", passed, g.op("Cast", mask, to=FLOAT)))
            passed = g.op("Sub", passed, parts[-1])  # what is left for later phases
        return [*parts, passed]

    def _input_gradient(self, passed: str, is_chosen: list[str]) -> str:
        """Append the gradient of x: each number put back where it came from, then the transposed convolution."""
        g, outputs, rows, columns = self.g, self.layer.outputs, self.rows, self.columns
        places = self._places(is_chosen)
        small = g.op("Reshape", passed, g.constant([outputs, -1, rows // 2, columns // 2]))
        spread = g.op("MaxUnpool", small, places, kernel_shape=[2, 2], strides=[2, 2])
        image = g.op("Reshape", spread, g.constant([-1, outputs, rows, columns]))  # (B, …), as `_places` has it
        dx = g.op("ConvTranspose", image, self.weight, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        return g.op("Transpose", dx, perm=[1, 0, 2, 3])

    def _places(self, is_chosen: list[str]) -> str:
        """Append where in (B, outputs, rows, columns) the pixel lies that each y (outputs, B, …) was taken from."""
        g, outputs, rows, columns = self.g, self.layer.outputs, self.rows, self.columns
        within = g.constant(columns + 1)
        for (row, column), mask in reversed(list(zip(PHASES, is_chosen, strict=False))):
            within = g.op("Where", mask, g.constant(row * columns + column), within)
        within = g.op("Reshape", within, g.constant([outputs, -1, rows // 2, columns // 2]))
        of_map = np.arange(outputs).reshape(-1, 1, 1) * (rows * columns)
        of_window = np.arange(0, rows, 2).reshape(-1, 1) * columns + np.arange(0, columns, 2)
        # (outputs, 1, rows/2, columns/2): the upper left corner of each window, in the first sample
        corner = g.array(f"{self.layer.name}.corners", (of_map + of_window)[:, None])
        count = g.op("Size", "labels")
        sample = g.op("Range", g.constant(0), count, g.constant(1))
        start = g.op("Mul", g.op("Reshape", sample, g.constant([1, -1, 1, 1])), g.constant(outputs * rows * columns))
        return g.op("Add", g.op("Add", corner, start), within)
