"""The kernel's other activations than ReLU, and dropout, against naive twins and NumPy, in both builds."""

import math

import numpy as np
import pytest
from scrawl.net.names import ACTIVATIONS

from tests.support.networks.kernel_host import WasmtimeKernel

KINDS = [kind for kind in ACTIVATIONS if kind != "relu"]
NUMBERS = np.concatenate(
    [np.linspace(-12, 12, 2001), np.linspace(-1e-3, 1e-3, 21), [0.0, -0.0, 1e-8, -1e-8, 30, -30, 80, -80]]
).astype(np.float32)


def activated(kernel: WasmtimeKernel, name: str, kind: str, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (values, derivatives) of a row that has room for more numbers."""
    stride = numbers.size + 8 - numbers.size % 4
    row = np.zeros(stride, np.float32)
    row[: numbers.size] = numbers
    y, slope = kernel.put(row), kernel.put(np.zeros(stride, np.float32))
    kernel.function(name)(ACTIVATIONS.index(kind), y, slope, 1, numbers.size, stride)
    found = kernel.read(y, np.float32, stride), kernel.read(slope, np.float32, stride)
    for floats in found:
        assert not floats[numbers.size :].any(), "the padding stays zero"
    return found[0][: numbers.size], found[1][: numbers.size]


@pytest.mark.parametrize("kind", KINDS)
def test_activations_and_their_derivatives_are_those_of_the_twin(kernel: WasmtimeKernel, kind: str) -> None:
    fast, naive = (activated(kernel, name, kind, NUMBERS) for name in ("activate", "naive_activate"))
    # A few roundings of 6e-8; far out, where the values are below 1e-9, the exponent's own rounding counts 64 times.
    np.testing.assert_allclose(fast[0], naive[0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(fast[1], naive[1], rtol=1e-6, atol=3e-7)


def test_gelu_is_exact_and_not_the_approximation_by_tanh(kernel: WasmtimeKernel) -> None:
    x = np.array([-3, -1, -0.5, 0.5, 1, 3], np.float32)
    expected = [value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in map(float, x)]
    np.testing.assert_allclose(activated(kernel, "activate", "gelu", x)[0], expected, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_number_stays_none(kernel: WasmtimeKernel, kind: str) -> None:
    assert np.isnan(activated(kernel, "activate", kind, np.array([np.nan], np.float32))[0]).all()


def masks(kernel: WasmtimeKernel, first: int, count: int, seed: int, layer: int, percent: int) -> np.ndarray:
    y, mask = kernel.put(np.ones((count, 112), np.float32)), kernel.put(np.zeros((count, 112), np.float32))
    kernel.function("drop")(y, mask, count, 100, 112, first, seed, layer, percent)
    found = kernel.read(mask, np.float32, (count, 112))
    np.testing.assert_array_equal(kernel.read(y, np.float32, (count, 112))[:, :100], found[:, :100])
    assert not found[:, 100:].any()
    return found[:, :100]


@pytest.mark.parametrize("percent", [1, 20, 50, 90])
def test_dropout_leaves_out_its_share_and_keeps_the_mean(kernel: WasmtimeKernel, percent: int) -> None:
    mask = masks(kernel, 0, 400, 7, 1, percent)
    share = percent / 100
    # 40,000 draws: the share's standard deviation is 0.0025 at most, and of the mean, at 90 %, 0.015.
    assert (mask == 0).mean() == pytest.approx(share, abs=0.0125)
    assert mask.mean() == pytest.approx(1, abs=0.075)
    assert np.unique(mask).tolist() == pytest.approx([0, 1 / (1 - share)])


def test_mask_follows_from_seed_place_and_layer_alone(kernel: WasmtimeKernel) -> None:
    whole = masks(kernel, 5, 20, 3, 1, 50)
    parts = np.concatenate([masks(kernel, 5, 8, 3, 1, 50), masks(kernel, 13, 12, 3, 1, 50)])
    np.testing.assert_array_equal(whole, parts)
    for other in (masks(kernel, 6, 20, 3, 1, 50), masks(kernel, 5, 20, 4, 1, 50), masks(kernel, 5, 20, 3, 2, 50)):
        assert 0.4 < (whole == other).mean() < 0.6
