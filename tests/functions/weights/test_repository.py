"""Shared weights: versions, the pointer, many writers at once, and crashes between two writes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from functions.errors import (
    ConflictError,
    CorruptDataError,
    InvalidValueError,
    NotFoundError,
    StaleVersionError,
    UnavailableError,
)
from functions.models.manifest import ModelManifest, Parameter
from functions.storage.memory import MemoryStore
from functions.weights.repository import WeightsRepository
from functions.weights.versions import Change, Version

MANIFEST = ModelManifest("m", "a model", (), (Parameter("w", (2, 2), 0), Parameter("b", (2,), 16)), 6, {})
POINTER = "weights/m/current.json"


def values(number: float) -> dict[str, np.ndarray]:
    return {"w": np.full((2, 2), number, np.float32), "b": np.full(2, number, np.float32)}


def change_to(number: float) -> Change:
    return Change(values(number), "test", loss=0.5, accuracy=0.9, samples=1)


def one_more(version: Version) -> Change:
    return change_to(version.tensors["b"][0] + 1)


class Failing(MemoryStore):
    """A store whose writes of one key fail, before or after they have taken effect."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: str | None = None
        self.error: Exception = UnavailableError("the power is out")
        self.too_late = False

    def put(self, key: str, body: bytes, **conditions: Any) -> str:
        if key == self.fails:
            if self.too_late:
                super().put(key, body, **conditions)
            raise self.error
        return super().put(key, body, **conditions)


@pytest.fixture
def store() -> Failing:
    return Failing()


@pytest.fixture
def weights(store: Failing) -> WeightsRepository:
    repository = WeightsRepository(store, MANIFEST)
    repository.publish(Change(values(0), "first", 2.3, 0.1))
    return repository


def test_published_weights_are_current_with_all_that_is_known(weights: WeightsRepository, store: Failing) -> None:
    first = weights.current()
    second = weights.publish(Change(values(1), "test", 0.25, 0.9375, samples=7), first.etag)
    found = WeightsRepository(store, MANIFEST).current()  # which has nothing in memory
    assert found.version == second.version > first.version
    assert (found.parent, found.source, found.samples) == (first.version, "test", 7)
    assert (found.loss, found.accuracy, found.model) == (0.25, 0.9375, "m")
    assert found.created_at.endswith("Z")
    np.testing.assert_array_equal(found.tensors["w"], values(1)["w"])


def test_missing_first_version_is_reported() -> None:
    with pytest.raises(NotFoundError, match="no weights of 'm' have been published yet"):
        WeightsRepository(MemoryStore(), MANIFEST).current()


def test_older_versions_stay_as_they_were(weights: WeightsRepository, store: Failing) -> None:
    first = weights.current().version
    weights.update(one_more)
    older = WeightsRepository(store, MANIFEST).get(first)
    assert older.tensors["b"].tolist() == [0, 0]


@pytest.mark.parametrize("version", ["20200101T000000000-00000000", "../current", "", "a/b", "é"])
def test_unknown_version_is_named(weights: WeightsRepository, version: str) -> None:
    with pytest.raises(NotFoundError, match="m has no version"):
        weights.get(version)


def test_history_leads_back_to_the_first(weights: WeightsRepository) -> None:
    made = [weights.current().version] + [weights.update(one_more).version for _ in range(3)]
    assert [entry.version for entry in weights.history().versions] == made[::-1]
    assert weights.history().versions[-1].parent is None
    newest = weights.history(limit=2)
    assert ([entry.version for entry in newest.versions], newest.more) == (made[:1:-1], True)
    older = weights.history(limit=2, before=made[2])
    assert ([entry.version for entry in older.versions], older.more) == (made[1::-1], False)
    assert older.current == made[-1]


def test_second_first_publication_is_a_conflict(weights: WeightsRepository, store: Failing) -> None:
    before = store.keys("")
    with pytest.raises(ConflictError):
        weights.publish(Change(values(1), "first", 1, 1))
    assert store.keys("") == before


def test_loser_of_a_race_leaves_nothing_behind(weights: WeightsRepository, store: Failing) -> None:
    stale = weights.current()
    winner = weights.update(one_more)
    before = store.keys("")
    with pytest.raises(ConflictError):
        weights.publish(Change(values(9), "late", 1, 1), stale.etag)
    assert weights.current().version == winner.version
    assert store.keys("") == before


def test_crash_before_the_version_changes_nothing(weights: WeightsRepository, store: Failing) -> None:
    before = store.get(POINTER)
    store.put = lambda *_, **__: (_ for _ in ()).throw(UnavailableError("away"))  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        weights.update(one_more)
    assert store.get(POINTER) == before


def test_crash_between_version_and_pointer_leaves_the_old_one_current(
    weights: WeightsRepository, store: Failing
) -> None:
    before = weights.current()
    store.fails = POINTER
    with pytest.raises(UnavailableError):
        weights.update(one_more)
    store.fails = None
    assert len(store.keys("weights/m/")) == 3  # the new version is there, and nothing names it
    restarted = WeightsRepository(store, MANIFEST)
    assert restarted.current().version == before.version
    assert restarted.update(one_more).parent == before.version
    assert restarted.current().tensors["b"].tolist() == [1, 1]
    assert len(restarted.history().versions) == 2


def test_write_that_was_answered_too_late_and_sent_again_counts_once(
    weights: WeightsRepository, store: Failing
) -> None:
    """Botocore repeats a request that timed out; if the first one had arrived, the second loses against it."""
    store.fails, store.too_late, store.error = POINTER, True, ConflictError("changed")
    made = weights.update(one_more)
    store.fails = None
    assert weights.current().version == made.version
    assert weights.current().tensors["b"].tolist() == [1, 1]
    assert weights.update(one_more).parent == made.version


def test_updates_by_many_threads_and_processes_all_count(store: Failing, weights: WeightsRepository) -> None:
    first = weights.current().version
    others = [weights, *(WeightsRepository(store, MANIFEST) for _ in range(3))]  # each as in a process of its own
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: others[number % 4].update(one_more).version, range(24)))
    assert weights.current().tensors["b"].tolist() == [24, 24]
    history = [entry.version for entry in weights.history().versions]
    assert sorted(history) == sorted([first, *made])
    assert len(store.keys("weights/m/")) == 26  # 25 versions and the pointer: losers have been removed


def test_two_updates_that_read_the_same_version_both_count(store: Failing, weights: WeightsRepository) -> None:
    both_have_read = threading.Barrier(2)
    seen: list[str] = []

    def together(version: Version) -> Change:
        seen.append(version.version)
        if len(seen) <= 2:
            both_have_read.wait(5)
        return one_more(version)

    repositories = [WeightsRepository(store, MANIFEST) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda repository: repository.update(together), repositories))
    assert seen[0] == seen[1] != seen[2]
    assert weights.current().tensors["b"].tolist() == [2, 2]


def test_update_gives_up_when_others_are_always_faster(store: Failing, weights: WeightsRepository) -> None:
    other = WeightsRepository(store, MANIFEST)

    def overtaken(version: Version) -> Change:
        other.update(one_more)
        return one_more(version)

    pauses: list[float] = []
    impatient = WeightsRepository(store, MANIFEST, sleep=pauses.append)
    with pytest.raises(ConflictError, match="many at once: gave up after 12 attempts"):
        impatient.update(overtaken)
    assert len(pauses) == 12
    assert max(pauses) <= 1
    assert weights.current().tensors["b"].tolist() == [12, 12]


def test_update_of_another_version_than_expected_is_stale(weights: WeightsRepository) -> None:
    first = weights.current().version
    second = weights.update(one_more, if_version=first)
    with pytest.raises(StaleVersionError, match=f"expected current version {first}, found {second.version}"):
        weights.update(one_more, if_version=first)


@pytest.mark.parametrize(
    "wrong",
    [{"w": np.zeros((2, 2), np.float32)}, values(1) | {"x": np.zeros(1, np.float32)}, values(float("nan"))],
    ids=["missing", "extra", "nan"],
)
def test_weights_that_do_not_fit_are_not_published(weights: WeightsRepository, wrong: dict[str, np.ndarray]) -> None:
    before = weights.current().version
    with pytest.raises(InvalidValueError):
        weights.update(lambda _: Change(wrong, "test", 0, 0))
    assert weights.current().version == before


@pytest.mark.usefixtures("weights")
def test_damaged_version_is_named(store: Failing) -> None:
    key = store.keys("weights/m/2")[0]
    store.put(key, store.get(key).body[:-1])
    with pytest.raises(CorruptDataError, match=f"{key} is damaged: .*announces 24 bytes of tensors, got 23"):
        WeightsRepository(store, MANIFEST).current()


@pytest.mark.usefixtures("weights")
def test_damaged_version_can_be_replaced(store: Failing) -> None:
    store.put(store.keys("weights/m/2")[0], b"")
    repaired = WeightsRepository(store, MANIFEST)
    repaired.overwrite(change_to(5))
    assert repaired.current().tensors["b"].tolist() == [5, 5]


def test_damaged_pointer_is_named(store: Failing, weights: WeightsRepository) -> None:
    store.put(POINTER, b"{")
    with pytest.raises(CorruptDataError, match=POINTER):
        weights.current()


@pytest.mark.usefixtures("weights")
def test_update_that_waits_too_long_for_its_turn_is_a_conflict(store: Failing) -> None:
    impatient = WeightsRepository(store, MANIFEST, patience=0.01)
    refused: list[str] = []

    def meanwhile(version: Version) -> Change:
        if not refused:
            with ThreadPoolExecutor(1) as pool, pytest.raises(ConflictError) as raised:
                pool.submit(impatient.update, one_more).result()
            refused.append(str(raised.value))
        return one_more(version)

    assert impatient.update(meanwhile).tensors["b"].tolist() == [1, 1]
    assert "by many at once: waited 0 s for a turn" in refused[0]
    assert impatient.update(one_more).tensors["b"].tolist() == [2, 2]


def test_weights_whose_loss_is_no_number_are_not_published(weights: WeightsRepository) -> None:
    before = weights.current().version
    with pytest.raises(InvalidValueError, match="the loss on the test digits is nan"):
        weights.update(lambda _: Change(values(1), "test", float("nan"), 0.1))
    assert weights.current().version == before


@pytest.mark.usefixtures("weights")
def test_current_version_that_is_missing_is_damage_and_can_be_replaced(store: Failing) -> None:
    store.delete(store.keys("weights/m/2")[0])
    repaired = WeightsRepository(store, MANIFEST)
    with pytest.raises(CorruptDataError, match=r"m's current version 2.* is missing"):
        repaired.current()
    with pytest.raises(CorruptDataError):
        repaired.update(one_more)
    repaired.overwrite(change_to(5))
    assert repaired.current().tensors["b"].tolist() == [5, 5]
