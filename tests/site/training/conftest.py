"""What the tests of training share: a kernel for each file, and a trainer for each test."""

import pytest

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.trainers import DigitTrainer, new_trainer


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


@pytest.fixture
def trainer(kernel: WasmtimeKernel) -> DigitTrainer:
    return new_trainer(kernel)
