"""Calibration: the temperature that fits, what counts as unlike any digit; versions keep what was measured."""

import msgspec
import numpy as np
import pytest

from functions.images.pen import draw_digit
from functions.models.calibration import Calibration, calibrate, contrast, probabilities, warnings
from functions.storage.memory import MemoryStore
from functions.weights import safetensors
from functions.weights.versions import from_strings
from tests.support.api import Api, serving


def answers(count: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Return scores that are `sharpness` times as sure as they may be, and labels that are drawn accordingly."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (count, 10)).astype(np.float32)
    odds = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    labels = np.array([rng.choice(10, p=row / row.sum()) for row in odds.astype(float)])
    return scores * np.float32(sharpness), labels


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.5])
def test_temperature_undoes_what_makes_answers_too_sure(sharpness: float) -> None:
    scores, labels = answers(4000, sharpness)
    found = calibrate(scores, np.ones((4000, 784), np.float32), labels)
    assert found.temperature == pytest.approx(sharpness, rel=0.08)  # 4,000 labels drawn at random say no more


def test_few_digits_say_nothing() -> None:
    scores, labels = answers(100, 2.0)
    assert calibrate(scores, np.ones((100, 784), np.float32), labels) == Calibration(1.0, None)


def test_probabilities_are_the_softmax_and_keep_the_label() -> None:
    scores, _ = answers(50, 1.0)
    plain = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    np.testing.assert_allclose(probabilities(scores, 1.0), plain, rtol=1e-5)
    np.testing.assert_array_equal(probabilities(scores, 3.0).argmax(1), plain.argmax(1))
    np.testing.assert_allclose(probabilities(scores, 3.0).sum(1), 1, rtol=1e-5)


def test_contrast_needs_ink() -> None:
    scores = np.tile(np.eye(1, 10, dtype=np.float32) * 9, (3, 1))
    images = np.zeros((3, 784), np.float32)
    images[1, :16] = 1
    images[2] = 1
    np.testing.assert_allclose(contrast(scores, images), [0, 8.1 / 4, 8.1 / 28], rtol=1e-6)


def test_a_line_that_lies_is_unlike_whatever_the_network_says() -> None:
    sure = np.eye(1, 10, dtype=np.float32) * 50
    upright, lying = ([(0.0, 0.0), end] for end in ((2.0, 10.0), (10.0, 2.0)))
    for stroke, warned in ((upright, False), (lying, True)):
        picture = draw_digit([stroke]).reshape(1, 784)
        assert [bool(said) for said in warnings(sure, picture, Calibration())] == [warned]


def test_one_test_digit_in_a_hundred_counts_as_unlike(api: Api) -> None:
    model = api.service.model("mlp-128")
    version, score = model.reader()
    images = api.service.dataset.first("test", 2000).images()
    found = Calibration(model.weights.current().temperature, model.weights.current().least_contrast)
    odd = [bool(said) for said in warnings(score(images), images, found)]
    assert 0.005 < np.mean(odd) < 0.015
    assert version.version == model.weights.current().version


def test_versions_keep_what_was_measured(api: Api) -> None:
    model = api.service.model("mlp-128")
    current = model.weights.current()
    assert current.least_contrast is not None
    file = api("GET", "/weights?precision=int8").body
    for known in (from_strings(safetensors.decode_metadata(file)), model.weights.history().versions[0]):
        assert (known.temperature, known.least_contrast) == (current.temperature, current.least_contrast)


def test_versions_that_were_never_measured_are_read_as_before(memory: MemoryStore) -> None:
    """Older versions of Scrawl have written neither their files nor their pointers with it."""
    key = "weights/mlp-128/current.json"
    pointer = msgspec.json.decode(memory.get(key).body)
    found, metadata = safetensors.decode(memory.get(pointer["key"]).body)
    old = {name: text for name, text in metadata.items() if name not in ("temperature", "least_contrast")}
    memory.put(pointer["key"], safetensors.encode(found, old))
    memory.put(key, msgspec.json.encode(pointer | {"history": [entry[:8] for entry in pointer["history"]]}))
    with serving(memory) as api:
        blank = api("POST", "/predict", body={"tensor": [0] * 784}).json_body
        assert "warnings" not in blank
        scores = api.service.model("mlp-128").reader()[1](np.zeros((1, 784), np.float32))
        np.testing.assert_allclose(blank["probabilities"], np.exp(scores[0]), rtol=1e-5)
        assert api("GET", "/weights/history").json_body["versions"][0]["least_contrast"] is None
