"""Damaged and lost pointers, damaged current versions: what repairs them, and that nothing readable gets lost."""

import json
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest

from functions.errors import ConflictError, CorruptDataError, NotFoundError, StaleVersionError, UnavailableError
from functions.models.manifest import ModelManifest, Parameter
from functions.storage.memory import MemoryStore
from functions.weights import pruning
from functions.weights.repository import KEEP_VERSIONS, WeightsRepository
from functions.weights.versions import Change, Version
from tests.support.faults import FAULTS, FaultyStore, KilledError, failing, killed

MANIFEST = ModelManifest("m", "a model", (), (Parameter("b", (2,), 0),), 2, {})
POINTER = "weights/m/current.json"
DAMAGES = {
    "empty": b"",
    "cut off": b'{"version":"20260101T0000',
    "other": b"[]",
    "binary": b"\xff\xfe\x00",
    "no version": b'{"version":"x","key":"k","updated_at":"t"}',
    "lost": None,
}

type Fault = Callable[..., object]


def change_to(number: float) -> Change:
    return Change({"b": np.full(2, number, np.float32)}, "test", loss=0.5, accuracy=0.9, samples=1)


def one_more(version: Version) -> Change:
    return change_to(version.tensors["b"][0] + 1)


def damage(store: MemoryStore, key: str, content: bytes | None = b"{") -> None:
    if content is None:
        store.delete(key)
    else:
        store.put(key, content)


def key_of(version: str) -> str:
    return f"weights/m/{version}.safetensors"


def again(store: MemoryStore, keep: int = KEEP_VERSIONS) -> WeightsRepository:
    """Return the repository of a process that has read nothing yet, and that does not wait between attempts."""
    return WeightsRepository(store, MANIFEST, keep, sleep=lambda _: None)


def history(weights: WeightsRepository) -> list[str]:
    return [entry.version for entry in weights.history(1000).versions]


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore(MemoryStore())


@pytest.fixture
def made(store: FaultyStore) -> list[str]:
    """Return the ids of six versions, newest first."""
    weights = again(store)
    weights.publish(Change(change_to(0).tensors, "first", 1, 0.1))
    for _ in range(5):
        weights.update(one_more)
    return history(weights)


@pytest.mark.parametrize("how", DAMAGES)
def test_replacing_repairs_the_pointer_and_keeps_the_history(store: FaultyStore, made: list[str], how: str) -> None:
    damage(store, POINTER, DAMAGES[how])
    new = again(store).overwrite(change_to(9))
    assert new.parent == made[0]
    found = again(store)
    assert found.current().version == new.version
    assert history(found) == [new.version, *made]
    assert found.update(one_more).parent == new.version


@pytest.mark.parametrize("how", DAMAGES)
def test_nothing_but_replacing_touches_a_damaged_pointer(store: FaultyStore, made: list[str], how: str) -> None:
    damage(store, POINTER, DAMAGES[how])
    before = {key: store.get(key) for key in store.keys("")}
    weights = again(store)
    error = (
        (NotFoundError, "have been published yet") if how == "lost" else (CorruptDataError, "a rollback to a version")
    )
    for attempt in (weights.current, lambda: weights.update(one_more), weights.prune):
        with pytest.raises(error[0], match=error[1]):
            attempt()
    with pytest.raises(error[0]):
        weights.overwrite(change_to(9), if_version=made[0])  # nobody can tell whether that is current
    assert {key: store.get(key) for key in store.keys("")} == before


def test_history_of_a_damaged_pointer_says_what_can_be_gone_back_to(store: FaultyStore, made: list[str]) -> None:
    damage(store, POINTER)
    found = again(store).history(4)
    assert ([entry.version for entry in found.versions], found.more, found.current) == (made[:4], True, "")


def test_damaged_versions_are_left_out_and_older_ones_are_not(store: FaultyStore, made: list[str]) -> None:
    damage(store, POINTER)
    damage(store, key_of(made[0]), store.get(key_of(made[0])).body[:-1])  # whose header is whole
    damage(store, key_of(made[2]))
    damage(store, key_of(made[3]), None)
    new = again(store).overwrite(change_to(9))
    kept = [new.version, made[1], made[4], made[5]]
    assert (new.parent, history(again(store))) == (made[1], kept)
    for _ in range(pruning._EVERY):
        again(store).update(one_more)
    assert again(store).get(made[5]).tensors["b"].tolist() == [0, 0]  # pruning spares what was kept


def test_what_a_crash_has_left_takes_no_version_s_place(store: FaultyStore, made: list[str]) -> None:
    weights = again(store)
    store.arm(3, killed)  # at the pointer, after reading it and the version, and writing the new one
    with pytest.raises(KilledError):
        weights.update(one_more)
    store.disarm()
    assert store.calls[-1] == f"put {POINTER}"
    newest = weights.update(one_more).version
    damage(store, POINTER)
    again(store).overwrite(change_to(9))
    found = history(again(store))
    assert (len(found), found[-6:]) == (9, made)
    assert newest in found


def test_pointer_can_be_repaired_though_no_version_is_left(store: FaultyStore, made: list[str]) -> None:
    damage(store, POINTER)
    for version in made:
        damage(store, key_of(version))
    with pytest.raises(CorruptDataError):
        again(store).history()
    new = again(store).overwrite(change_to(9))
    assert (new.parent, history(again(store))) == (None, [new.version])


def test_no_more_versions_than_are_kept_are_read(store: FaultyStore, made: list[str]) -> None:
    damage(store, POINTER)
    store.calls.clear()
    assert history(again(store, keep=3)) == made[:3]
    assert len([call for call in store.calls if "safetensors" in call]) == 3


def test_two_repairs_at_once_both_count(store: FaultyStore, made: list[str]) -> None:
    damage(store, POINTER)
    others: list[str] = []

    def overtaken(_: str | None) -> None:
        if not others:
            others.append(again(store).overwrite(change_to(8)).version)

    new = again(store).overwrite(change_to(9), overtaken)
    assert history(again(store)) == [new.version, *others, *made]


def test_check_learns_which_version_is_current_where_that_is_known(store: FaultyStore, made: list[str]) -> None:
    known: list[str | None] = []
    again(store).overwrite(change_to(8), known.append)
    damage(store, POINTER)
    again(store).overwrite(change_to(9), known.append)
    assert known == [made[0], None]
    with pytest.raises(StaleVersionError):
        again(store).overwrite(change_to(9), if_version=made[0])


@pytest.mark.usefixtures("made")
def test_repair_is_logged(store: FaultyStore, caplog: pytest.LogCaptureFixture) -> None:
    again(store).overwrite(change_to(8))
    assert "pointer repaired" not in caplog.messages
    damage(store, POINTER)
    again(store).overwrite(change_to(9))
    assert "pointer repaired" in caplog.messages


@pytest.mark.parametrize("how", [b"{", None], ids=["damaged", "lost"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_repair_that_fails_anywhere_loses_nothing(
    store: FaultyStore, made: list[str], fault: Fault, how: bytes | None
) -> None:
    damage(store, POINTER, how)
    healthy = FaultyStore(store)
    again(healthy).overwrite(change_to(9))
    for number, call in failing(healthy.calls, fault):
        broken = FaultyStore(store)
        broken.arm(number, fault)
        with suppress(UnavailableError, CorruptDataError, ConflictError, KilledError):
            again(broken).overwrite(change_to(9))
        broken.disarm()
        assert set(made) - {made[0]} <= set(history(again(broken))), call  # half of the newest looks like damage
        last = again(broken).overwrite(change_to(10))
        chain = again(broken).history(1000).versions
        assert again(broken).current().version == last.version == chain[0].version
        assert all(entry.parent == parent.version for entry, parent in pairwise(chain)), call


def test_restoring_makes_the_newest_version_current_where_the_pointer_is_lost(
    store: FaultyStore, made: list[str]
) -> None:
    with pytest.raises(ConflictError):
        again(store).restore()
    damage(store, POINTER, None)
    restored = again(store).restore()
    assert restored is not None
    assert restored.version == made[0]
    assert json.loads(store.get(POINTER).body)["key"] == key_of(made[0])
    assert history(again(store)) == made
    assert again(MemoryStore()).restore() is None
