"""Files make networks: from names and layouts of PyTorch, Keras and TF.js to ours, and what makes no network."""

from __future__ import annotations

import numpy as np
import pytest
from scrawl.files.foreign_networks import network_of, rearranged, recognised
from scrawl.net.safetensors import FormatError, Tensor

from model_export.architectures import architecture_named
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import weights_for

PYTORCH = {
    "0.weight": [300, 784],
    "0.bias": [300],
    "2.weight": [100, 300],
    "2.bias": [100],
    "4.weight": [10, 100],
    "4.bias": [10],
}
KERAS = {
    "dense/kernel:0": [784, 300],
    "dense/bias:0": [300],
    "dense_1/kernel:0": [300, 100],
    "dense_1/bias:0": [100],
    "dense_2/kernel:0": [100, 10],
    "dense_2/bias:0": [10],
}
TFJS = {
    "dense_Dense1/kernel": [784, 300],
    "dense_Dense1/bias": [300],
    "dense_Dense2/kernel": [300, 100],
    "dense_Dense2/bias": [100],
    "dense_Dense3/kernel": [100, 10],
    "dense_Dense3/bias": [10],
}


@pytest.mark.parametrize("shapes", [PYTORCH, KERAS, TFJS], ids=["pytorch", "keras", "tfjs"])
def test_network_is_recognised_by_its_shapes_in_any_order(shapes: dict[str, list[int]]) -> None:
    for order in (shapes, dict(reversed(shapes.items())), dict(sorted(shapes.items()))):
        found = network_of(order)
        assert found.architecture.name() == "mlp-300-100"
        assert [source.name for source in found.sources.values()] == list(shapes)


def test_square_layers_keep_the_order_of_their_numbers() -> None:
    shapes: dict[str, list[int]] = {}
    for place in range(0, 14, 2):
        outputs, inputs = (10 if place == 12 else 64), (784 if place == 0 else 64)
        shapes |= {f"{place}.bias": [outputs], f"{place}.weight": [outputs, inputs]}
    found = network_of(dict(sorted(shapes.items())))
    assert found.architecture.name() == "mlp-64-64-64-64-64-64"
    names = [found.sources[f"fc{place}.weight"].name for place in range(1, 8)]
    assert names == [f"{place}.weight" for place in range(0, 14, 2)]
    assert found.sources["fc3.bias"].name == "4.bias"


def test_keras_convolutions_come_out_as_ours() -> None:
    """Channels last and flattened by position first: the same network in either layout gives the same numbers."""
    layers = architecture_named("conv-8-12_20").layers
    ours = weights_for(layers)
    keras = {
        "conv2d/kernel": ours["conv1.weight"].transpose(2, 3, 1, 0),
        "conv2d_1/kernel": ours["conv2.weight"].transpose(2, 3, 1, 0),
        "dense/kernel": ours["fc1.weight"].reshape(20, 12, 49).transpose(2, 1, 0).reshape(588, 20),
        "dense_1/kernel": ours["fc2.weight"].T,
    }
    pairs = zip(keras, ("conv1", "conv2", "fc1", "fc2"), strict=True)
    keras |= {name.replace("kernel", "bias"): ours[f"{layer}.bias"] for name, layer in [*pairs]}
    found = network_of({name: array.shape for name, array in keras.items()})
    assert found.architecture.name() == "conv-8-12_20"
    kernel = WasmtimeKernel()
    end = kernel.end
    for name, source in found.sources.items():
        floats = rearranged(kernel, np.ascontiguousarray(keras[source.name]).ravel(), source)
        np.testing.assert_array_equal(np.asarray(floats).reshape(ours[name].shape), ours[name], err_msg=name)
    assert kernel.end == end, "what was reserved for it is given back"


@pytest.mark.parametrize(
    ("shapes", "problem"),
    [
        ({}, "there are none"),
        ({"fc1.weight": [10, 700]}, "make no network: fc1.weight 10×700"),
        ({"fc1.weight": [10, 784], "fc1.bias": [10]}, "0 hidden layers"),
        ({**PYTORCH, "4.bias": [11]}, "make no network"),
        ({**PYTORCH, "6.bias": [11]}, "make no network"),
        ({name: shape for name, shape in PYTORCH.items() if name != "2.bias"}, "make no network"),
        ({"a.weight": [2000, 784], "a.bias": [2000], "b.weight": [10, 2000], "b.bias": [10]}, "2000 units"),
        ({"a.weight": [10**9, 784], "a.bias": [10**9], "b.weight": [10, 10**9], "b.bias": [10]}, "1000000000 units"),
        (
            {"conv.weight": [16, 1, 5, 5], "conv.bias": [16], "b.weight": [10, 3136], "b.bias": [10]},
            "make no network",
        ),
        ({"conv.weight": [16, 3, 3, 3], "conv.bias": [16]}, "make no network"),
        ({f"{place}.weight": [8, 8] for place in range(1000)}, "and 994 more"),
        ({f"{place}.weight": [784, 784] for place in range(60)}, "make no network"),
        ({"scalar": [], "vector": [5]}, "make no network"),
    ],
)
def test_other_shapes_are_refused_with_what_would_make_a_network(shapes: dict[str, list[int]], problem: str) -> None:
    with pytest.raises(FormatError, match=problem) as refused:
        network_of(shapes)
    assert "mlp-H1-H2" in str(refused.value)


def tensors(shapes: dict[str, list[int]]) -> dict[str, Tensor]:
    return {name: Tensor(name, "F32", shape, 0, 0) for name, shape in shapes.items()}


def test_file_that_says_nothing_of_activations_is_relu_and_one_that_names_its_network_is_that() -> None:
    shapes = {name: [*array.shape] for name, array in weights_for(architecture_named("mlp-30").layers).items()}
    assert recognised(tensors(shapes), {}, {})[0] == "mlp-30"
    assert recognised(tensors(shapes), {"model": "mlp-30.gelu.drop20"}, {})[0] == "mlp-30.gelu.drop20"
    assert recognised(tensors(shapes), {"model": "mlp-31.gelu"}, {})[0] == "mlp-30"  # it names another one
    assert recognised(tensors(shapes), {"model": "../../mlp"}, {"mlp-30": shapes})[0] == "mlp-30"
