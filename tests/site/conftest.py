"""Imports modules of the page, which import Brython's `browser`, in CPython; and the kernel in both of its builds."""

import pytest

from tests.support import fake_browser
from tests.support.networks.kernel_host import WasmtimeKernel

fake_browser.install()


@pytest.fixture(params=[False, True], ids=["simd", "relaxed-simd"])
def kernel(request: pytest.FixtureRequest) -> WasmtimeKernel:
    """Return a kernel; tests that need no more than one build have a fixture of this name beside them."""
    return WasmtimeKernel(request.param)
