"""Weights as int8: how large they are, and how close."""

import numpy as np

from functions.weights import safetensors
from functions.weights.int8 import to_int8


def test_int8_is_a_quarter_of_the_size_and_close() -> None:
    random = np.random.default_rng(0)
    weight = random.standard_normal((128, 784)).astype(np.float32)
    weight[5] = 0
    bias = random.standard_normal(128).astype(np.float32)
    small = to_int8({"fc.weight": weight, "fc.bias": bias})
    assert list(small) == ["fc.weight", "fc.weight.scale", "fc.bias"]
    assert small["fc.weight"].dtype == np.int8
    assert small["fc.weight.scale"].dtype == np.float32
    scale = small["fc.weight.scale"].astype(np.float32)[:, None]
    restored = small["fc.weight"].astype(np.float32) * scale
    # Rounding errs by half a step at most; a little more, because the scale is float32 itself.
    assert (np.abs(restored - weight) <= scale * 0.5001).all()
    assert np.abs(small["fc.weight"].astype(np.int8)).max() == 127
    np.testing.assert_array_equal(small["fc.bias"], bias)
    assert len(safetensors.encode(small, {})) < 0.26 * len(safetensors.encode({"w": weight, "b": bias}, {}))
