"""Numbers and moments as the page writes them."""

import pytest
from scrawl.state import formatting


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (formatting.percent(0.97314), "97.31%"),
        (formatting.percent(None), "–"),
        (formatting.loss(0.123456), "0.1235"),
        (formatting.loss(float("nan")), "diverged"),
        (formatting.rounded(243_512.7), "244000"),
        (formatting.rounded(0.0), "0"),
        (formatting.short_name("mlp-128"), "MLP 128"),
        (formatting.short_name("mlp-300-100"), "MLP 300-100"),
        (formatting.short_name("conv-32-64"), "Conv 32-64"),
        (formatting.short_name("mine"), "mine"),
        (formatting.short_name("conv-16-32_64.gelu.drop20"), "Conv 16-32 | 64 GELU, 20% off"),
        (formatting.moment("2026-05-17T09:30:11.5Z"), "17\u00a0May\u00a02026, 09:30\u00a0UTC"),
    ],
)
def test_numbers_read_well(shown: str, expected: str) -> None:
    assert shown == expected
