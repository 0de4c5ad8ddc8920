"""Lists of layers that do not fit together are refused, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrawl.net.network import Network

from model_export.architectures import FLATTEN, MAXPOOL2, RELU, conv3x3, dense
from model_export.architectures import LOG_SOFTMAX as TOP
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import build

if TYPE_CHECKING:
    from tests.support.networks.kernel_networks import Layers


@pytest.fixture
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


def conv3x3_pooled(name: str, inputs: int, outputs: int) -> Layers:
    return conv3x3(name, inputs, outputs), RELU, MAXPOOL2


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((dense("fc1", 784, 16), dense("fc2", 17, 10), TOP), "fc2 takes 17 inputs, the layer below gives 16"),
        ((dense("fc1", 783, 10), TOP), "fc1 takes 783 inputs, the layer below gives 784"),
        ((conv3x3("conv1", 3, 32), TOP), "conv1 takes 3 channels, the layer below gives 1"),
        ((*conv3x3_pooled("conv1", 1, 32), conv3x3("conv2", 64, 32)), "conv2 takes 64 channels, .* gives 32"),
        ((*conv3x3_pooled("conv1", 1, 32), FLATTEN, dense("fc1", 32, 10)), "fc1 takes 32 inputs, .* gives 6272"),
        (
            (conv3x3("conv1", 1, 32), MAXPOOL2),
            "maxpool2 must follow conv3x3 and its activation, got ImageConvolution",
        ),
        ((conv3x3("conv1", 1, 32), RELU, FLATTEN), "flatten must follow maxpool2, got Activated"),
        ((*conv3x3_pooled("conv1", 1, 32), TOP), "log_softmax must follow a layer that gives one row .* got Pooled"),
        ((*conv3x3_pooled("conv1", 1, 32), RELU), "relu must follow a layer that gives one row .* got Pooled"),
        ((RELU,), "relu must follow a layer that gives one row per sample, got Images"),
        ((dense("fc1", 784, 32), conv3x3("conv1", 32, 32)), "conv3x3 must come first .*, got SparseDense"),
    ],
)
def test_layers_that_do_not_fit_are_refused(kernel: WasmtimeKernel, layers: Layers, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(kernel, layers, 1)


def test_unknown_layer_is_refused(kernel: WasmtimeKernel) -> None:
    with pytest.raises(ValueError, match=r"layers are dense, .*, got elu"):
        Network(kernel, [{"kind": "elu"}], [], 1)
