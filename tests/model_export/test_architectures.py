"""The declarations: parameter tables as in the design, and layer lists that do not fit are refused."""

import math

import pytest

from functions.errors import InvalidValueError
from functions.models.manifest import Layer
from model_export.architectures import (
    ARCHITECTURES,
    FLATTEN,
    LOG_SOFTMAX,
    MAXPOOL2,
    RELU,
    Architecture,
    architecture_named,
    conv3x3,
    dense,
    dropout,
    feature_shapes,
    parameter_table,
)


@pytest.mark.parametrize(
    ("model", "count", "first"),
    [
        ("mlp-128", 101_770, ("fc1.weight", (128, 784))),
        ("mlp-128-64", 109_386, ("fc1.weight", (128, 784))),
        ("conv-32-64", 421_642, ("conv1.weight", (32, 1, 3, 3))),
    ],
)
def test_parameters_are_those_of_the_design(model: str, count: int, first: tuple[str, tuple[int, ...]]) -> None:
    table = parameter_table(ARCHITECTURES[model].layers)
    assert table[0] == first
    assert sum(math.prod(shape) for _, shape in table) == count
    assert [name.split(".")[1] for name, _ in table] == ["weight", "bias"] * (len(table) // 2)


def test_feature_shapes_follow_the_layers() -> None:
    shapes = feature_shapes(ARCHITECTURES["conv-32-64"].layers)
    assert shapes[:4] == [(32, 28, 28), (32, 28, 28), (32, 14, 14), (64, 14, 14)]
    assert shapes[-1] == (10,)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "at least one layer"),
        ((dense("fc1", 785, 10), LOG_SOFTMAX), r"layer 0 \(dense fc1\): expects 785 features, receives \(784,\)"),
        ((dense("fc1", 784, 64), RELU, dense("fc2", 128, 10), LOG_SOFTMAX), r"layer 2 \(dense fc2\): expects 128"),
        ((dense("fc1", 784, 0), LOG_SOFTMAX), "at least one output"),
        ((dense("", 784, 10), LOG_SOFTMAX), "needs a name"),
        ((dense("fc1", 784, 10), RELU, dense("fc1", 10, 10), LOG_SOFTMAX), "parameter names must differ"),
        ((dense("fc1", 784, 10), MAXPOOL2, LOG_SOFTMAX), r"layer 1 \(maxpool2\)"),
        ((conv3x3("conv1", 3, 8), RELU, MAXPOOL2), "expects 3 channels"),
        ((conv3x3("conv1", 1, 8), *[RELU, MAXPOOL2] * 3), "even sides"),
        ((conv3x3("conv1", 1, 8), dense("fc1", 6272, 10), LOG_SOFTMAX), "expects 6272 features"),
        ((conv3x3("conv1", 1, 8), FLATTEN, dense("fc1", 6272, 10)), "log_softmax .* must be the last layer"),
        ((dense("fc1", 784, 9), LOG_SOFTMAX), "10 classes"),
        ((dense("fc1", 784, 10), LOG_SOFTMAX, LOG_SOFTMAX), "must be the last layer and only that"),
        ((Layer("elu"),), "no known kind; there are dense, conv3x3, relu, tanh, sigmoid, gelu, maxpool2, flatten"),
        (
            (dense("fc1", 784, 10), dropout("drop1", 11, 20), LOG_SOFTMAX),
            r"layer 1 \(dropout drop1\): .* 11 features",
        ),
        ((dense("fc1", 784, 10), dropout("drop1", 10, 100), LOG_SOFTMAX), "a rate between 0 and 1"),
    ],
)
def test_layers_that_do_not_fit_together_are_refused(layers: tuple[Layer, ...], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        Architecture("test", "Test", layers)


@pytest.mark.parametrize(
    ("model", "title"),
    [
        ("mlp-128", "Small network: one hidden layer of 128"),
        ("mlp-300-100", "Network: hidden layers of 300 and 100"),
        ("mlp-30.gelu.drop20", "Network: a hidden layer of 30, GELU, 20 % dropout"),
        ("conv-16-32_64.tanh", "Convolutional network: 16 and 32 channels, a hidden layer of 64, tanh"),
    ],
)
def test_every_network_has_a_title(model: str, title: str) -> None:
    assert architecture_named(model).title == title
