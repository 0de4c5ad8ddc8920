"""Weights as int8, rounded by chance, in both builds of the kernel."""

import numpy as np

from tests.support.networks.kernel_host import WasmtimeKernel


def rounded(kernel: WasmtimeKernel, weights: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weights as int8, and the scales of their rows."""
    target, scales = kernel.alloc(weights.size), kernel.alloc(4 * len(weights))
    kernel.function("round_rows")(target, scales, kernel.put(weights), *weights.shape, seed)
    return kernel.read(target, np.int8, weights.shape), kernel.read(scales, np.float32, len(weights))


def test_rounding_to_int8_is_right_on_average(kernel: WasmtimeKernel) -> None:
    weights = np.random.default_rng(12).normal(size=(6, 33)).astype(np.float32)
    weights[1] = 0
    weights[2] *= np.float32(1e-30)
    weights[3] = np.linspace(-1, 1, 33)
    numbers, scales = rounded(kernel, weights, 0xFFFFFFFF)
    largest = np.abs(weights).max(axis=1)
    np.testing.assert_allclose(scales, np.where(largest > 0, largest / 127, 1), rtol=1e-6)
    np.testing.assert_array_equal(np.abs(numbers.astype(int)).max(axis=1), np.where(largest > 0, 127, 0))
    runs = np.stack([rounded(kernel, weights, seed)[0] for seed in range(900)])
    exact = weights.astype(np.float64) / scales[:, None]
    assert np.abs(runs - exact).max() <= 1 + 1e-4  # up or down to the next whole number
    assert np.abs(runs.mean(axis=0) - exact).max() < 5 * 0.5 / 30  # five standard errors, of at most half a step
