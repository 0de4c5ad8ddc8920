"""Doubts about pictures: the page is as sure as the API."""

import numpy as np
import pytest
from scrawl.state.picture_doubts import less_sure

from functions import prediction_warnings


@pytest.mark.parametrize("code", ["touches_edge", "several_figures", "tiny", "tilted", "faint_ink"])
def test_page_and_api_are_as_sure_about_image_files(code: str) -> None:
    shares = np.random.default_rng(2).dirichlet(np.full(10, 0.2), 20).astype(np.float32)
    about = [each for each in vars(prediction_warnings).values() if getattr(each, "code", "") == code]
    for row in shares:
        for codes, warnings in (([], []), ([code], about)):
            expected = prediction_warnings.less_sure(prediction_warnings.of_file(row), warnings)
            np.testing.assert_allclose(less_sure(row.tolist(), codes), expected, rtol=1e-4, atol=1e-6)
    assert less_sure([], []) == []
