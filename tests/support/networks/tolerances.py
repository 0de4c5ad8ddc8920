"""How close numbers must be: the keywords of `numpy.testing.assert_allclose`, for tests that share them."""

from typing import TypedDict


class Tolerance(TypedDict):
    """Of a difference: relative to the expected number, and absolute."""

    rtol: float
    atol: float
