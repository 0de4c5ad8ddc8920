"""Momentum and weight decay in the kernel, against the NumPy reference, which has PyTorch's rule."""

import numpy as np
import pytest
import reference
from kernel_host import WasmtimeKernel
from kernel_networks import NETWORKS, build, digits, order_of, stored, weights_for

# Ten steps let roundings grow; at rate 0.1 by less than an order of magnitude.
AFTER_TEN = {"rtol": 1e-3, "atol": 1e-5}


@pytest.fixture(params=[False, True], ids=["simd", "relaxed-simd"])
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> WasmtimeKernel:
    return WasmtimeKernel(tmp_path_factory.getbasetemp(), request.param)


@pytest.mark.parametrize("model", ["mlp-128", "mlp-128-64", "conv-32-64"])
def test_ten_steps_with_momentum_and_decay_agree_with_the_reference(kernel: WasmtimeKernel, model: str) -> None:
    layers, (pixels, labels) = NETWORKS[model], digits(60)
    network, samples, weights = build(kernel, layers, 19), stored(kernel, pixels, labels), weights_for(layers)
    network.load(weights)
    samples.shuffle([(0, 60)], 8)
    order, velocity = order_of(kernel, samples), {name: 0 * w for name, w in weights.items()}
    for step in range(10):
        batch, decay = (19, 0.001) if step % 3 else (6, 0.0)
        rows = order[4 * step : 4 * step + batch]
        _, _, gradients = reference.gradients(layers, weights, pixels[rows] / 255, labels[rows])
        network.train_step(samples, 4 * step, batch, 0.02, momentum=0.9, weight_decay=decay)
        weights, velocity = reference.sgd(weights, velocity, gradients, 0.02, 0.9, decay)
    for name, floats in network.export().items():
        np.testing.assert_allclose(floats.reshape(weights[name].shape), weights[name], **AFTER_TEN, err_msg=name)


def test_loading_weights_forgets_the_velocity(kernel: WasmtimeKernel) -> None:
    layers, samples = NETWORKS["mlp-128-64"], stored(kernel, *digits(20))
    samples.shuffle([(0, 20)], 1)
    network, results = build(kernel, layers, 20), []
    for _ in range(2):
        network.load(weights_for(layers))
        results.append([network.train_step(samples, 0, 20, 0.05, momentum=0.9) for _ in range(3)])
    assert results[0] == results[1]
