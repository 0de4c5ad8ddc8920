"""Weights that cannot be used are refused by every way in, however well they read the test digits."""

import numpy as np
import pytest

from functions.errors import InvalidValueError
from functions.models.training import initial_weights
from functions.weights import safetensors
from functions.weights.int8 import as_int8
from tests.support.api import Api
from tests.support.weights_bodies import SAFETENSORS, copied, sent


def test_weights_that_are_huge_where_no_digit_has_ink_are_refused(api: Api) -> None:
    huge = copied(api.service.model("mlp-128").weights.current())
    huge["fc1.weight"][:, 0] = 3e38
    assert api.service.model("mlp-128").evaluator.measure(huge).accuracy > 0.9
    before = api.version
    for force in ("", "?force=true"):
        answer = api("POST", f"/weights{force}", body=sent(huge), headers={"Content-Type": SAFETENSORS})
        assert answer.status_code == 422
        assert answer.json_body["error"]["field"] == "fc1.weight"
        assert "up to 1e+15" in answer.json_body["error"]["message"]
    assert api.version == before


def test_weights_that_are_lost_as_int8_are_refused(api: Api) -> None:
    """One weight in each row, on a pixel without ink, is so large that int8 has no room for the others."""
    spiked = copied(api.service.model("mlp-128").weights.current())
    spiked["fc1.weight"][:, 0] = 1e6
    assert api.service.model("mlp-128").evaluator.measure(spiked).accuracy > 0.9
    with pytest.raises(InvalidValueError, match="as int8, which pages start with"):
        api.service.model("mlp-128").upload(spiked)
    with pytest.raises(InvalidValueError, match="as int8"):
        api.service.model("mlp-128").publish_retrained(spiked, 0)


def test_weak_networks_are_not_taken_for_lost_as_int8(api: Api) -> None:
    """They read some digits the other way, worse or better, by chance."""
    model = api.service.model("mlp-128")
    for seed in range(5):
        model.evaluator.examine(initial_weights(model.manifest.shapes(), seed))


def test_int8_weights_are_those_that_a_reader_gets(api: Api) -> None:
    current = api.service.model("mlp-128").weights.current()
    file = api("GET", "/weights?precision=int8").body
    small, _ = safetensors.decode(file)
    scale = small["fc1.weight.scale"].astype(np.float32)
    expected = small["fc1.weight"].astype(np.float32) * scale[:, np.newaxis]
    np.testing.assert_array_equal(as_int8(current.tensors)["fc1.weight"], expected)
    np.testing.assert_array_equal(as_int8(current.tensors)["fc1.bias"], current.tensors["fc1.bias"])


def test_spot_check_tells_by_a_part_of_the_digits_what_has_changed(api: Api) -> None:
    model = api.service.model("mlp-128")
    weights = copied(model.weights.current())
    before = model.evaluator.examine(weights)
    part = slice(250, 500)
    same = model.evaluator.spot_check(weights, before, part)
    assert same is not None
    assert (same.accuracy, same.loss) == pytest.approx((before.measure.accuracy, before.measure.loss))
    assert same.accuracy_error == pytest.approx(1 / 250)
    assert same.calibration == before.measure.calibration
    weights["fc2.bias"][3] = -1000  # nothing is a three any more
    worse = model.evaluator.spot_check(weights, before, part)
    assert worse is not None
    after = model.evaluator.examine(weights)
    lost = before.right[part].mean() - after.right[part].mean()
    assert worse.accuracy == pytest.approx(before.measure.accuracy - lost)
    assert worse.accuracy_error is not None
    changed = int((before.right[part] != after.right[part]).sum())
    assert worse.accuracy_error == pytest.approx(np.sqrt(changed + 1) / 250)
    assert worse.accuracy == pytest.approx(after.measure.accuracy, abs=3 * worse.accuracy_error)


def test_spot_check_does_without_int8_only_while_its_steps_grow_little(api: Api) -> None:
    model = api.service.model("mlp-128")
    weights = copied(model.weights.current())
    before = model.evaluator.examine(weights)
    row = weights["fc1.weight"][5]
    largest = int(np.abs(row).argmax())
    row[largest] *= 1.2
    assert model.evaluator.spot_check(weights, before, slice(0, 250)) is not None
    row[largest] *= 1.2
    assert model.evaluator.spot_check(weights, before, slice(0, 250)) is None


def test_spot_check_refuses_weights_that_cannot_be_used(api: Api) -> None:
    model = api.service.model("mlp-128")
    weights = copied(model.weights.current())
    before = model.evaluator.examine(weights)
    weights["fc1.bias"][0] = 3e38
    with pytest.raises(InvalidValueError, match=r"up to 1e\+15"):
        model.evaluator.spot_check(weights, before, slice(0, 250))
