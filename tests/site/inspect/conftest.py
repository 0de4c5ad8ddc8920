"""What the tests of counting and of training on mistakes start from: a network that has started to learn."""

import pytest

from tests.support.networks.confusion_case import ConfusionCase
from tests.support.networks.kernel_host import WasmtimeKernel


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


@pytest.fixture(params=["mlp-128", "conv-32-64"])
def case(kernel: WasmtimeKernel, request: pytest.FixtureRequest) -> ConfusionCase:
    return ConfusionCase(kernel, request.param)
