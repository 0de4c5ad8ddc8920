"""The page's bounds on weights: the same cases as the API's, and that refused weights leave the network as it was."""

import numpy as np
import pytest

from model_export import pretrained
from model_export.architectures import ARCHITECTURES
from tests.support.networks.bound_cases import CASES
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import build


@pytest.mark.parametrize("case", CASES)
def test_page_refuses_what_the_api_refuses(case: str) -> None:
    change = CASES[case]
    sound = pretrained.load(change.model)[0]
    network = build(WasmtimeKernel(), ARCHITECTURES[change.model].layers, 1)
    network.load(sound)
    weights = change.of(sound)
    if change.layer is None:
        network.load(weights)
        np.testing.assert_array_equal(network.export()[change.tensor], weights[change.tensor].reshape(-1))
        return
    with pytest.raises(ValueError, match=f"the layer of {change.layer}"):
        network.load(weights)
    for name, floats in network.export().items():
        np.testing.assert_array_equal(floats, sound[name].reshape(-1))
