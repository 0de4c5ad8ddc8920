"""Training steps are measured on a part of the test digits, and on all where that leaves doubt, or now and then."""

import numpy as np
import pytest
from numpy.typing import NDArray

from functions.dataset.shards import Digits
from functions.models.judge import TOLERANCE
from functions.models.model import Model
from functions.models.step_checks import PARTS
from functions.storage.memory import MemoryStore
from functions.weights.versions import Change, Version
from tests.support.api import Api, serving
from tests.support.weights_bodies import copied


@pytest.fixture
def model(api: Api) -> Model:
    return api.service.model("mlp-128")


def lesson(model: Model, wrong: bool = False) -> Digits:
    digits = model.evaluator._digits()
    labels = digits.labels[:20]
    return Digits(digits.images[:20], (labels + 1) % 10 if wrong else labels)


def teach(model: Model) -> Version:
    """Take a small step, after which the digits are read as before."""
    return model.train_step(lesson(model), 1e-6).version


def blinded(tensors: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Return weights that read no three any more: ten points worse."""
    tensors["fc2.bias"][3] = -1000
    return tensors


def test_every_eighth_step_is_measured_in_full_and_the_others_on_a_part(model: Model) -> None:
    errors = [teach(model).accuracy_error for _ in range(2 * PARTS + 1)]
    in_full = [place for place, error in enumerate(errors) if error is None]
    assert in_full == [0, PARTS, 2 * PARTS]
    assert all(error is None or error == pytest.approx(1 / 250) for error in errors)


def test_step_after_a_change_made_elsewhere_is_measured_in_full(model: Model, memory: MemoryStore) -> None:
    teach(model)
    with serving(memory) as other:
        other.service.model("mlp-128").train_step(lesson(model), 1e-6)
    assert teach(model).accuracy_error is None
    assert teach(model).accuracy_error is not None


def test_accuracy_on_a_part_is_no_mark(model: Model) -> None:
    teach(model)
    best = model.weights.current().best
    current = model.weights.current()
    lucky = Change(current.tensors, "patch", 0.1, 0.9999, accuracy_error=0.004)
    assert model.weights.update(lambda _: lucky).best == best


def test_step_that_does_harm_is_seen_on_any_part_and_taken_back(model: Model) -> None:
    before = teach(model)
    step = model.train_step(lesson(model, wrong=True), 0.5)
    assert step.version.accuracy_error is None
    assert step.version.accuracy < before.accuracy - TOLERANCE
    assert step.current.restores == before.version


def test_harm_that_passed_unseen_is_taken_back_to_the_last_version_that_was_measured_in_full(model: Model) -> None:
    """As if seven steps had only harmed digits that nobody looked at."""
    good = teach(model)
    teach(model)
    harmed = blinded(copied(model.weights.current()))
    unseen = model.weights.update(lambda _: Change(harmed, "patch", 0.1, good.accuracy, accuracy_error=0.004))
    step = model.train_step(lesson(model), 1e-6)
    assert step.version.parent == unseen.version
    assert step.current.restores == good.version
    assert step.current.accuracy == pytest.approx(good.accuracy)


def test_harm_done_by_one_step_costs_no_lesson_before_it(model: Model) -> None:
    """The version before it has been measured on a part only, and turns out to be good."""
    teach(model)
    taught = teach(model)
    assert taught.accuracy_error is not None
    step = model.train_step(lesson(model, wrong=True), 0.5)
    assert step.current.restores == taught.version


def test_few_test_digits_are_all_read(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    digits = model.evaluator._digits()
    few = Digits(digits.images[:400], digits.labels[:400])
    monkeypatch.setattr(model.evaluator, "_digits", lambda: few)
    assert [teach(model).accuracy_error for _ in range(3)] == [None] * 3


def test_step_after_one_that_was_taken_back_is_compared_with_what_was_known_before(model: Model) -> None:
    teach(model)
    assert model.train_step(lesson(model, wrong=True), 0.5).current.source == "rollback"
    assert teach(model).accuracy_error is not None
