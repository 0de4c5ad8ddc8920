"""ONNX files that the page writes: valid, with the reference's answers, and open again as the network they are of."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from scrawl.files import onnx_weights
from scrawl.files.foreign_networks import recognised
from scrawl.files.onnx_writer import model_file
from scrawl.net.names import parse

from model_export.architectures import architecture_named
from tests.support.networks import reference
from tests.support.networks.kernel_networks import digits, weights_for

NAMES = [
    "mlp-128",
    "conv-32-64",
    "mlp-300-100",
    "mlp-9-8-7-6-5-4.tanh",
    "mlp-30.gelu.drop20",
    "conv-9_20-10.sigmoid",
    "conv-8-12_20.gelu",
]


def written(name: str) -> tuple[bytes, dict[str, np.ndarray]]:
    weights = weights_for(architecture_named(name).layers)
    parts = model_file(name, parse(name).layers())
    return b"".join(weights[part].tobytes() if isinstance(part, str) else part for part in parts), dict(weights)


@pytest.mark.parametrize("name", NAMES)
def test_file_is_valid_and_answers_as_the_reference_does(name: str) -> None:
    content, weights = written(name)
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    pixels = digits(7)[0].astype(np.float32) / 255
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert [(value.name, value.shape) for value in session.get_inputs()] == [("images", ["B", 784])]
    (answers,) = session.run(["log_probabilities"], {"images": pixels})
    layers = architecture_named(name).layers
    x: np.ndarray = pixels.astype(np.float64)
    x = x.reshape(-1, 1, 28, 28) if layers[0].kind == "conv3x3" else x
    for layer in layers:
        x = reference.forward(layer, weights, x)
    np.testing.assert_allclose(answers, x, rtol=1e-4, atol=1e-5)  # float32 sums of a few hundred terms


@pytest.mark.parametrize("name", NAMES)
def test_file_opens_again_as_the_network_it_is_of(name: str) -> None:
    content, weights = written(name)
    found = onnx_weights.read_tensors(content, len(content))
    called = onnx_weights.graph_name(content, len(content))
    tensors = {tensor: place for tensor, place in found.items() if tensor in weights}
    assert recognised(tensors, {"model": called}, {})[0] == name
    for tensor, place in tensors.items():
        assert content[place.start : place.end] == weights[tensor].tobytes()
