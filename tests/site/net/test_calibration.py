"""The page's calibration: the numbers of the API's, for the same scores and pictures."""

import numpy as np
import pytest
from scrawl.net.calibration import Calibration, measure_ink, of_metadata
from scrawl.net.predictor import Predictor

from functions.models import calibration as core
from model_export import pretrained
from model_export.architectures import ARCHITECTURES
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import build, digits

TEMPERATURE, LEAST = 1.7, 0.5


@pytest.fixture
def pictures() -> np.ndarray:
    """Return (80, 784) bytes: digits, noise, ever less ink down to none, and bars that grow ever higher."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (20, 784))
    faint = np.zeros((20, 784))
    faint[np.arange(20), :20] = np.tril(np.full((20, 20), 60))[::-1]
    bars = np.zeros((20, 28, 28))
    for height, bar in enumerate(bars):
        bar[2 : 2 + height, 4:24] = 200
    return np.concatenate([digits(20)[0], noise, faint, bars.reshape(20, 784)]).astype(np.uint8)


def test_page_and_api_compute_the_same(pictures: np.ndarray) -> None:
    scores = np.random.default_rng(1).normal(0, 4, (len(pictures), 10)).astype(np.float32)
    images = np.asarray(pictures / 255, np.float32)
    page, unmeasured = Calibration(TEMPERATURE, LEAST), Calibration()
    expected = core.probabilities(scores, TEMPERATURE)
    unlike = [bool(said) for said in core.warnings(scores, images, core.Calibration(TEMPERATURE, LEAST))]
    lying = core.is_lying(images).tolist()
    kernel = WasmtimeKernel()
    scratch = kernel.alloc(12)
    for row, picture in enumerate(pictures):
        found = page.probabilities(scores[row].tolist())
        np.testing.assert_allclose(found, expected[row], rtol=1e-4, atol=1e-7)
        ink = measure_ink(kernel, kernel.put(picture), scratch)
        assert page.is_unlike(scores[row].tolist(), ink) == unlike[row]
        assert unmeasured.is_unlike(scores[row].tolist(), ink) == lying[row]
    assert 10 < sum(unlike) < 70
    assert lying[61:] == [True] * 10 + [False] * 9


def test_prediction_is_calibrated_until_the_weights_change(pictures: np.ndarray) -> None:
    kernel = WasmtimeKernel()
    network = build(kernel, ARCHITECTURES["mlp-128"].layers, 1)
    network.load(pretrained.load("mlp-128")[0])
    predictor = Predictor(kernel, network)
    plain = predictor.predict_picture(pictures[25].tobytes())
    network.calibration = Calibration(TEMPERATURE, LEAST)
    calibrated = predictor.predict_again()
    assert (plain["unlike"], calibrated["unlike"]) == (False, True)
    powers = np.array(plain["probabilities"]) ** (1 / TEMPERATURE)
    np.testing.assert_allclose(calibrated["probabilities"], powers / powers.sum(), rtol=1e-4)
    network.randomise(1)
    assert predictor.predict_again()["unlike"] is False


def test_network_that_answers_with_no_numbers_has_no_probabilities() -> None:
    assert Calibration().probabilities([float("nan")] * 10) == []
    assert Calibration().probabilities([float("inf")] + [0.0] * 9) == []


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, (1.0, None)),
        ({"temperature": "1.25", "least_contrast": "0.8"}, (1.25, 0.8)),
        ({"temperature": "0"}, (1.0, None)),
        ({"temperature": "warm"}, (1.0, None)),
    ],
)
def test_calibration_comes_with_the_weights(metadata: dict[str, str], expected: tuple[float, float | None]) -> None:
    found = of_metadata(metadata)
    assert (found.temperature, found.least_contrast) == expected


def test_kept_weights_keep_what_was_measured_of_them() -> None:
    measured = Calibration(1.25, 0.8)
    found = of_metadata(measured.metadata())
    assert (found.temperature, found.least_contrast, found.is_due) == (1.25, 0.8, False)
    assert measured.after_training().metadata() == Calibration().metadata() == {}
    assert of_metadata({}).is_due
