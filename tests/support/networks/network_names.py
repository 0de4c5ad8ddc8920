"""Names of networks, for `model_export.names` and for the page's own reading of them: the networks that they mean,
with their parameters, and the names that are refused. Both sides' tests read this table, which imports nothing.
"""

from typing import NamedTuple


class Named(NamedTuple):
    """A network: what its name says, and what follows from it."""

    channels: tuple[int, ...]
    hidden: tuple[int, ...]
    activation: str
    dropout: int  # per cent
    layers: (
        str  # in short: kinds, with the sizes of those that have parameters; `drop1:20` is a dropout of 20 per cent
    )
    parameters: int


NETWORKS: dict[str, Named] = {
    "mlp-128": Named((), (128,), "relu", 0, "fc1:784-128 relu fc2:128-10 log_softmax", 101_770),
    "mlp-128-64": Named((), (128, 64), "relu", 0, "fc1:784-128 relu fc2:128-64 relu fc3:64-10 log_softmax", 109_386),
    "conv-32-64": Named(
        (32, 64),
        (128,),
        "relu",
        0,
        "conv1:1-32 relu maxpool2 conv2:32-64 relu maxpool2 flatten fc1:3136-128 relu fc2:128-10 log_softmax",
        421_642,
    ),
    "mlp-1": Named((), (1,), "relu", 0, "fc1:784-1 relu fc2:1-10 log_softmax", 805),
    "mlp-1024": Named((), (1024,), "relu", 0, "fc1:784-1024 relu fc2:1024-10 log_softmax", 814_090),
    "mlp-300-100": Named(
        (), (300, 100), "relu", 0, "fc1:784-300 relu fc2:300-100 relu fc3:100-10 log_softmax", 266_610
    ),
    "mlp-9-8-7-6-5-4": Named(
        (),
        (9, 8, 7, 6, 5, 4),
        "relu",
        0,
        "fc1:784-9 relu fc2:9-8 relu fc3:8-7 relu fc4:7-6 relu fc5:6-5 relu fc6:5-4 relu fc7:4-10 log_softmax",
        7_365,
    ),
    "mlp-128.tanh": Named((), (128,), "tanh", 0, "fc1:784-128 tanh fc2:128-10 log_softmax", 101_770),
    "mlp-20-10.sigmoid": Named(
        (), (20, 10), "sigmoid", 0, "fc1:784-20 sigmoid fc2:20-10 sigmoid fc3:10-10 log_softmax", 16_020
    ),
    "mlp-300.gelu.drop20": Named((), (300,), "gelu", 20, "fc1:784-300 gelu drop1:20 fc2:300-10 log_softmax", 238_510),
    "mlp-128-64.drop5": Named(
        (),
        (128, 64),
        "relu",
        5,
        "fc1:784-128 relu drop1:5 fc2:128-64 relu drop2:5 fc3:64-10 log_softmax",
        109_386,
    ),
    "mlp-64.drop90": Named((), (64,), "relu", 90, "fc1:784-64 relu drop1:90 fc2:64-10 log_softmax", 50_890),
    "conv-8": Named(
        (8,), (128,), "relu", 0, "conv1:1-8 relu maxpool2 flatten fc1:1568-128 relu fc2:128-10 log_softmax", 202_202
    ),
    "conv-64_10": Named(
        (64,), (10,), "relu", 0, "conv1:1-64 relu maxpool2 flatten fc1:12544-10 relu fc2:10-10 log_softmax", 126_200
    ),
    "conv-16-32_64": Named(
        (16, 32),
        (64,),
        "relu",
        0,
        "conv1:1-16 relu maxpool2 conv2:16-32 relu maxpool2 flatten fc1:1568-64 relu fc2:64-10 log_softmax",
        105_866,
    ),
    "conv-32-64_128-64": Named(
        (32, 64),
        (128, 64),
        "relu",
        0,
        "conv1:1-32 relu maxpool2 conv2:32-64 relu maxpool2 "
        "flatten fc1:3136-128 relu fc2:128-64 relu fc3:64-10 log_softmax",
        429_258,
    ),
    "conv-16-32_64.gelu.drop50": Named(
        (16, 32),
        (64,),
        "gelu",
        50,
        "conv1:1-16 gelu maxpool2 conv2:16-32 gelu maxpool2 flatten fc1:1568-64 gelu drop1:50 fc2:64-10 log_softmax",
        105_866,
    ),
}

# A name that is refused → how the network is called, where it means one.
REFUSED: dict[str, str | None] = {
    "conv-32-64_128": "conv-32-64",
    "conv-32-64_128.tanh": "conv-32-64.tanh",
    "mlp-0128": "mlp-128",
    "mlp-128-064": "mlp-128-64",
    "conv-08": "conv-8",
    "MLP-128": "mlp-128",
    "mlp-128.ReLU": "mlp-128",
    "mlp-128.relu": "mlp-128",
    "mlp-128.drop0": "mlp-128",
    "mlp-128.relu.drop20": "mlp-128.drop20",
    "mlp-128.drop05": "mlp-128.drop5",
    "mlp-128.drop20.tanh": "mlp-128.tanh.drop20",
    "": None,
    "mlp": None,
    "mlp-": None,
    "mlp--128": None,
    "mlp-128-": None,
    "mlp-0": None,
    "mlp-1025": None,
    "mlp-2000": None,
    "mlp-1000000000": None,
    "mlp-" + "9" * 59: None,
    "mlp-1-1-1-1-1-1-1": None,
    "mlp-128_64": None,
    "mlp-128.5": None,
    "mlp--5": None,
    "mlp-1e3": None,
    "mlp-128 ": None,
    "mlp-128\n": None,
    "mlp-١٢٨": None,  # digits, but not ours
    "conv": None,
    "conv-7": None,
    "conv-65": None,
    "conv-16-32-64": None,
    "conv-16-32_": None,
    "conv-16-32_0": None,
    "conv-16_1-1-1-1-1-1-1": None,
    "cnn-16": None,
    "resnet-18": None,
    "mlp-128.": None,
    "mlp-128.elu": None,
    "mlp-128.tanh.gelu": None,
    "mlp-128.tanh.tanh": None,
    "mlp-128.drop": None,
    "mlp-128.drop91": None,
    "mlp-128.drop20.drop20": None,
    "mlp-128.drop0.5": None,
    "../mlp-128": None,
    "mlp-128/..": None,
    "mlp-" + "1-" * 500 + "1": None,
    "m" * 100_000: None,
}
