"""Convolutions and updates of the kernel, each against its naive twin, in both builds. Axes: B, I → O channels, N."""

import numpy as np
import pytest

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.tolerances import Tolerance

# float32 sums of up to a few hundred terms of size 1; Winograd's transforms add some roundings of 6e-8.
CLOSE: Tolerance = {"rtol": 1e-4, "atol": 5e-5}

SHAPES = [(1, 8, 32, 32, 1), (3, 14, 32, 64, 0), (2, 8, 64, 32, 1)]  # B, N, I, O, border


class Case:
    """A convolution's buffers in the kernel's memory, with ordinary numbers in them."""

    def __init__(self, kernel: WasmtimeKernel, batch: int, side: int, inputs: int, outputs: int, border: int) -> None:
        self.kernel, self.batch, self.side, self.inputs, self.outputs = kernel, batch, side, inputs, outputs
        self.border, self.pooled = border, side // 2
        self.stride = (self.pooled + 2 * border) ** 2 * outputs + 16
        self.shape = kernel.put(np.array([side, inputs, outputs, border, self.stride], np.uint32))
        self.rng = np.random.default_rng(side)
        self.bias = self.normal(outputs)
        if inputs == 1:
            self.x = np.zeros((batch, side + 2, side + 4), np.float32)
            self.x[:, 1:-1, 1 : side + 1] = self.rng.random((batch, side, side)) * self.patchy((batch, side, side))
            self.weight = self.normal((9, outputs))
            self.scratch = self.room = 0
        else:
            self.x = np.zeros((batch, side + 2, side + 2, inputs), np.float32)
            inside = np.maximum(self.normal((batch, side, side, inputs)), 0)
            blank = np.maximum(self.normal(inputs), 0)
            self.x[:, 1:-1, 1:-1] = np.where(self.patchy((batch, side, side, 1)), inside, blank)
            self.weight = self.normal((outputs, 9, inputs)) / np.float32(np.sqrt(9 * inputs))
            self.scratch = kernel.alloc(kernel.function("conv_scratch")(self.shape))
            self.room = kernel.alloc(kernel.function("conv_room")(self.shape))

    def normal(self, shape: int | tuple[int, ...]) -> np.ndarray:
        return self.rng.normal(size=shape).astype(np.float32)

    def patchy(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return True in a square off the middle: what is around it is blank."""
        mask = np.zeros(shape, bool)
        mask[:, 2 : 1 + shape[1] // 2, 3 : 3 + shape[2] // 2] = True
        return mask

    def forward(self, prefix: str = "") -> tuple[np.ndarray, np.ndarray]:
        """Return (Y, which) of the primitive, or of its twin."""
        count = self.batch * self.pooled**2 * self.outputs
        y, which = self.kernel.put(np.zeros((self.batch, self.stride), np.float32)), self.kernel.alloc(count)
        put = self.kernel.put
        function, tensors = self.kernel.function, (put(self.x), put(self.weight), put(self.bias))
        if self.inputs == 1:
            function(f"{prefix}image_conv_forward")(self.shape, *tensors, self.batch, y, which)
        elif prefix:
            function("naive_conv_forward")(self.shape, *tensors, self.batch, y, which)
        else:
            x, _, bias = tensors
            function("conv_prepare")(self.shape, *tensors, self.scratch, self.room)
            function("conv_forward")(self.shape, x, bias, self.batch, y, which, self.scratch, self.room)
        self.which = which
        return self.kernel.read(y, np.float32, (self.batch, self.stride)), self.kernel.read(which, np.uint8, count)

    def outputs_of(self, y: np.ndarray) -> np.ndarray:
        """Return Y without its border, (B, N/2, N/2, O); the border must be zero."""
        side = self.pooled + 2 * self.border
        assert not y[:, side**2 * self.outputs :].any()
        inner = y[:, : side**2 * self.outputs].reshape(self.batch, side, side, self.outputs).copy()
        if self.border:
            found, inner = inner, inner[:, 1:-1, 1:-1].copy()
            found[:, 1:-1, 1:-1] = 0
            assert not found.any()
        return inner

    def backward(self, prefix: str, y: np.ndarray, dy: np.ndarray) -> list[np.ndarray]:
        """Return the gradients of weights, bias and input, or, of the first convolution, weights and bias moved."""
        put, read, function = self.kernel.put, self.kernel.read, self.kernel.function
        if self.inputs == 1:
            weight, bias = put(self.weight), put(self.bias)
            arguments = (put(self.x), self.batch, put(dy), put(y), self.which, -0.25, 0, self.outputs)
            function(f"{prefix}image_conv_update")(self.shape, weight, bias, *arguments)
            return [read(weight, np.float32, self.weight.shape), read(bias, np.float32, self.outputs)]
        weight, bias, dx = put(self.weight * 7), put(self.bias), put(np.zeros_like(self.x))
        x, w, outputs = put(self.x), put(self.weight), (self.batch, put(dy), put(y), self.which)
        if prefix:
            function("naive_conv_backward")(self.shape, weight, bias, dx, x, w, *outputs)
        else:
            function("conv_input")(self.shape, dx, w, *outputs, self.room)
            function("conv_weights")(self.shape, weight, bias, x, *outputs, 0, self.outputs, self.room)
        shapes = [(weight, self.weight.shape), (bias, self.bias.shape), (dx, self.x.shape)]
        return [read(address, np.float32, shape) for address, shape in shapes]


@pytest.mark.parametrize("shape", [(1, 28, 1, 32, 1), (3, 8, 1, 64, 0), *SHAPES])
def test_convolution_agrees_with_its_twin(kernel: WasmtimeKernel, shape: tuple[int, ...]) -> None:
    case = Case(kernel, *shape)
    naive, naive_which = case.forward("naive_")
    fast, which = case.forward()
    np.testing.assert_allclose(fast, naive, **CLOSE)
    case.outputs_of(fast)
    positive = case.outputs_of(naive).ravel() > 0.001  # at 0 nobody asks where it came from
    np.testing.assert_array_equal(which[positive], naive_which[positive])


@pytest.mark.parametrize("shape", [(1, 28, 1, 32, 1), (3, 8, 1, 64, 0), *SHAPES])
def test_gradients_of_a_convolution_agree_with_its_twin(kernel: WasmtimeKernel, shape: tuple[int, ...]) -> None:
    case = Case(kernel, *shape)
    y, _ = case.forward()
    dy = case.normal(y.shape)
    fast, naive = (case.backward(prefix, y, dy) for prefix in ("", "naive_"))
    for ours, theirs in zip(fast, naive, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-4)  # sums of hundreds of terms of size 1


@pytest.mark.parametrize("shape", [(2, 8, 1, 32, 1), (2, 8, 32, 32, 0)])
def test_among_equals_in_a_window_the_first_is_taken(kernel: WasmtimeKernel, shape: tuple[int, ...]) -> None:
    case = Case(kernel, *shape)
    case.x = np.round(case.x * 2)  # whole numbers: sums are exact, and there are many ties
    case.weight = np.sign(case.weight) * (np.abs(case.weight) > np.median(np.abs(case.weight)))
    case.bias = np.round(case.bias)
    (fast, which), (naive, naive_which) = case.forward(), case.forward("naive_")
    np.testing.assert_array_equal(fast, naive)
    positive = case.outputs_of(naive).ravel() > 0
    np.testing.assert_array_equal(which[positive], naive_which[positive])
    assert set(which[positive]) == {0, 1, 2, 3}


@pytest.mark.parametrize("shape", [(1, 8, 1, 32, 1), (1, 8, 32, 32, 0)])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_at_zero_of_either_sign_no_gradient_passes(
    kernel: WasmtimeKernel, shape: tuple[int, ...], zero: float
) -> None:
    case = Case(kernel, *shape)
    case.weight[:] = zero
    case.bias[:] = zero
    y, _ = case.forward()
    assert not y.any()
    assert not np.signbit(y).any()
    before = [case.weight, case.bias] if case.inputs == 1 else [0 * case.weight, 0 * case.bias, 0 * case.x]
    for found, expected in zip(case.backward("", y, case.normal(y.shape)), before, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(1, 8, 1, 32, 1), (1, 8, 32, 32, 0)])
def test_numbers_that_are_none_are_not_hidden_by_relu(kernel: WasmtimeKernel, shape: tuple[int, ...]) -> None:
    case = Case(kernel, *shape)
    case.weight[...] = np.nan
    assert np.isnan(case.outputs_of(case.forward()[0])).any()


def test_ink_follows_the_order(kernel: WasmtimeKernel) -> None:
    images = np.random.default_rng(1).integers(0, 256, (5, 784)).astype(np.uint8)
    order, found = kernel.put(np.array([9, 4, 0, 2], np.uint32)), []
    for name in ("ink", "naive_ink"):
        target = kernel.alloc(3 * 30 * 32 * 4)
        kernel.function(name)(target, kernel.put(images), order, 1, 3, 28)
        found.append(kernel.read(target, np.float32, (3, 30, 32)))
    np.testing.assert_array_equal(found[0], found[1])
    expected = np.pad(images[[4, 0, 2]].reshape(3, 28, 28) / 255, ((0, 0), (1, 1), (1, 3)))
    np.testing.assert_allclose(found[0], expected, rtol=2e-7)  # one rounding


def test_updates_of_whole_tensors_agree_with_their_twins(kernel: WasmtimeKernel) -> None:
    rng = np.random.default_rng(2)
    target, source = rng.normal(size=(2, 1000)).astype(np.float32)
    found = []
    for name in ("add_scaled", "naive_add_scaled"):
        address = kernel.put(target)
        kernel.function(name)(address, kernel.put(source), 1000, -0.3)
        found.append(kernel.read(address, np.float32, 1000))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6, atol=1e-7)  # the twin rounds the product, too
    address = kernel.put(target)
    kernel.function("clear")(address, 996)
    np.testing.assert_array_equal(kernel.read(address, np.float32, 1000), [*[0] * 996, *target[996:]])


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (37, 10), (784, 128)])
def test_transpose(kernel: WasmtimeKernel, rows: int, columns: int) -> None:
    source = np.random.default_rng(3).normal(size=(rows + 3, columns + 5)).astype(np.float32)
    found = []
    for name in ("transpose", "naive_transpose"):
        target = kernel.alloc(4 * (columns + 3) * (rows + 6))
        kernel.function(name)(target, rows + 6, kernel.put(source), columns + 5, rows, columns)
        found.append(kernel.read(target, np.float32, (columns + 3, rows + 6))[:columns, :rows])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], source[:rows, :columns].T)
