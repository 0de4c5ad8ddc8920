"""What a change of the shared weights has to pass: the mark since the last reset, and what sets it again."""

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from functions.dataset.shards import Digits
from functions.errors import InvalidValueError
from functions.models.judge import TOLERANCE
from functions.models.model import Model
from functions.storage.memory import MemoryStore
from functions.weights.pointer import Pointer
from functions.weights.versions import Change, Tensors
from tests.support.api import Api, serving
from tests.support.weights_bodies import copied


@pytest.fixture
def model(api: Api) -> Model:
    return api.service.model("mlp-128")


def worse(model: Model, tensors: Tensors, by: float) -> dict[str, np.ndarray]:
    """Return weights whose accuracy is lower by about so much: units are taken away, one after the other."""
    changed = {name: tensor.copy() for name, tensor in tensors.items()}
    wanted = model.evaluator.measure(tensors).accuracy - by
    for unit in range(len(changed["fc1.bias"])):
        before = changed["fc2.weight"][:, unit].copy()
        changed["fc2.weight"][:, unit] = 0
        if model.evaluator.measure(changed).accuracy < wanted:
            changed["fc2.weight"][:, unit] = before
            return changed
    raise AssertionError("without any unit, no digit is read")


def mislead(model: Model, rate: float) -> tuple[Digits, float]:
    """Return a lesson in which all labels are wrong."""
    digits = model.evaluator._digits()
    return Digits(digits.images[:200], (digits.labels[:200] + 1) % 10), rate


def test_uploads_cannot_make_the_weights_worse_step_by_step(model: Model) -> None:
    best = model.weights.current()
    tensors = copied(best)
    with pytest.raises(InvalidValueError, match=rf"the best ones since the last reset {best.accuracy:.2%}"):
        for _ in range(3):
            tensors = worse(model, tensors, 0.9 * TOLERANCE)
            model.upload(tensors)
    assert model.weights.current().accuracy >= best.accuracy - TOLERANCE


def test_forced_upload_is_what_later_ones_are_compared_with(model: Model) -> None:
    poor = worse(model, model.weights.current().tensors, 0.1)
    with pytest.raises(InvalidValueError, match=r"\?force=true"):
        model.upload(poor)
    forced = model.upload(poor, force=True)
    assert forced.best == forced.accuracy
    assert model.upload(worse(model, poor, 0.5 * TOLERANCE)).parent == forced.version


def test_lesson_that_makes_the_weights_worse_is_published_and_taken_back(model: Model) -> None:
    before = model.weights.current()
    step = model.train_step(*mislead(model, 0.5))
    assert step.version.accuracy < before.accuracy - TOLERANCE
    entries = model.weights.history().versions
    assert [entry.source for entry in entries] == ["rollback", "patch", before.source]
    assert [entry.version for entry in entries[:2]] == [step.current.version, step.version.version]
    assert (step.version.parent, step.current.restores) == (before.version, before.version)
    current = model.weights.current()
    assert current.version == step.current.version
    assert current.best == before.best
    for name, tensor in before.tensors.items():
        np.testing.assert_array_equal(current.tensors[name], tensor)


def test_lesson_that_does_little_harm_stays(model: Model) -> None:
    step = model.train_step(*mislead(model, 1e-4))
    assert step.current is step.version
    assert model.weights.current().version == step.version.version


@pytest.mark.parametrize("reset", ["rollback", "retrain"])
def test_rollback_and_retraining_set_the_mark_again(model: Model, reset: str) -> None:
    first = model.weights.current()
    poor = model.upload(worse(model, first.tensors, 0.1), force=True)
    model.upload(first.tensors)
    found = model.roll_back(poor.version) if reset == "rollback" else model.publish_retrained(poor.tensors, 0)
    assert found.best == poor.accuracy < first.accuracy - TOLERANCE
    model.train_step(*mislead(model, 1e-4))
    assert model.weights.current().best == max(poor.accuracy, model.weights.current().accuracy)


def test_pointer_without_a_mark_counts_from_the_current_version(memory: MemoryStore) -> None:
    """As older versions of Scrawl have written it."""
    key = "weights/mlp-128/current.json"
    pointer = msgspec.json.decode(memory.get(key).body, type=Pointer)
    old = msgspec.to_builtins(replace(pointer, best=None))
    del old["best"]
    memory.put(key, msgspec.json.encode(old))
    with serving(memory) as api:
        model = api.service.model("mlp-128")
        current = model.weights.current()
        assert current.best == current.accuracy
        assert model.train_step(*mislead(model, 0.5)).current.source == "rollback"
        model.upload(current.tensors)


def test_weights_as_good_as_the_current_ones_pass_whatever_the_mark(model: Model) -> None:
    """The dataset may have been replaced since by one that is harder to read."""
    poor = worse(model, model.weights.current().tensors, 0.1)
    model.publish_retrained(poor, 0)
    current = model.weights.current()
    model.weights.update(lambda _: Change(poor, "upload", 0.1, 1.0))  # so it was measured on those of before
    assert model.weights.current().best == 1
    assert model.upload(poor).accuracy == current.accuracy
