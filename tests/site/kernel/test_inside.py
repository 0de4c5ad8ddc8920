"""The kernel's primitives for looking inside: against their naive twins, and what is counted and painted."""

import numpy as np
import pytest

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.tolerances import Tolerance

# float32 sums of up to a few hundred terms of size 1.
CLOSE: Tolerance = {"rtol": 1e-4, "atol": 5e-5}


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(shape[0]).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("inputs", "outputs", "block"), [(784, 128, 32), (30, 64, 32), (7, 16, 16), (128, 48, 48)])
def test_gradient_of_a_dense_layers_input(kernel: WasmtimeKernel, inputs: int, outputs: int, block: int) -> None:
    weight, delta = kernel.put(normal(outputs // block, inputs, block)), kernel.put(normal(outputs))
    found = []
    for name in ("dense_input", "naive_dense_input"):
        target = kernel.put(normal(inputs))  # what was there before must not count
        kernel.function(name)(target, weight, delta, inputs, outputs, block)
        found.append(kernel.read_floats(target, inputs))
    np.testing.assert_allclose(found[0], found[1], **CLOSE)


@pytest.mark.parametrize(("side", "channels", "border"), [(28, 32, 1), (8, 64, 0), (2, 32, 1)])
def test_gradient_of_the_picture_below_a_convolution(
    kernel: WasmtimeKernel, side: int, channels: int, border: int
) -> None:
    stride = (side // 2 + 2 * border) ** 2 * channels
    shape = kernel.put(np.array([side, 1, channels, border, stride], np.uint32))
    which = np.random.default_rng(0).integers(0, 4, side * side // 4 * channels).astype(np.uint8)
    arrays = (normal(9, channels), normal(stride), normal(stride + 1)[1:], which)
    arguments = [kernel.put(array) for array in arrays]
    found = []
    for name in ("image_conv_input", "naive_image_conv_input"):
        target = kernel.put(normal(side * side))
        kernel.function(name)(shape, target, *arguments)
        found.append(kernel.read_floats(target, side * side))
    np.testing.assert_allclose(found[0], found[1], **CLOSE)


def test_digits_are_counted_by_label_and_prediction(kernel: WasmtimeKernel) -> None:
    scores = np.zeros((4, 16), np.float32)
    scores[:, :10] = normal(4, 10)
    scores[1, [2, 7]] = 9  # a tie: the lower digit
    scores[2, :10] = np.nan
    labels = np.array([3, 2, 5, 3], np.uint8)
    read, share, counts = kernel.alloc(4), kernel.alloc(4), kernel.alloc(400)
    kernel.function("tally")(kernel.put(scores), 4, 10, 16, kernel.put(labels), read, share, counts)
    guesses = [int(scores[0, :10].argmax()), 2, 0, int(scores[3, :10].argmax())]
    odds = np.exp(scores[:, :10].astype(float))
    expected = [odds[0].max() / odds[0].sum(), odds[1].max() / odds[1].sum(), 0, odds[3].max() / odds[3].sum()]
    assert kernel.read(read, np.uint8, 4).tolist() == guesses
    assert kernel.read(share, np.uint8, 4) == pytest.approx(np.multiply(expected, 255), abs=0.51)  # rounded
    table = kernel.read(counts, np.uint32, (10, 10))
    assert table.sum() == 4
    assert all(table[label, guess] for label, guess in zip(labels, guesses, strict=True))


def test_numbers_are_painted_by_their_place_on_the_palette(kernel: WasmtimeKernel) -> None:
    palette = kernel.put(np.arange(255, dtype=np.uint32))
    numbers = np.array([[0, 2, -2], [np.nan, np.inf, -np.inf], [1, -1, 0.5]], np.float32)
    target = kernel.put(np.full((3, 5), 999, np.uint32))
    kernel.function("paint")(target, 5, kernel.put(numbers), 3, 1, 3, 3, 0.5, palette)
    painted = kernel.read(target, np.uint32, (3, 5))
    assert painted[:, :3].tolist() == [[127, 254, 0], [127, 254, 0], [191, 64, 159]]
    assert (painted[:, 3:] == 999).all()


def test_sizes_of_tensors(kernel: WasmtimeKernel) -> None:
    numbers = np.array([1, -3, 2, 0], np.float32)
    assert kernel.function("squares")(kernel.put(numbers), 4) == 14
    assert kernel.function("peak")(kernel.put(numbers), 4) == 3
