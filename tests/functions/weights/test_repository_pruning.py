"""Old versions are removed, down to the number to keep; what is current, still needed, or still to come is not."""

import threading
from typing import Any

import numpy as np
import pytest

from functions.errors import UnavailableError
from functions.models.manifest import ModelManifest, Parameter
from functions.storage.memory import MemoryStore
from functions.weights.repository import WeightsRepository
from functions.weights.versions import Change, Version

MANIFEST = ModelManifest("m", "a model", (), (Parameter("b", (2,), 0),), 2, {})
PREFIX = "weights/m/"


def change_to(number: float) -> Change:
    return Change({"b": np.full(2, number, np.float32)}, "test", loss=0.5, accuracy=0.9, samples=1)


def one_more(version: Version) -> Change:
    return change_to(version.tensors["b"][0] + 1)


def stored(store: MemoryStore) -> list[str]:
    keys = [key for key in store.keys(PREFIX) if key.endswith(".safetensors")]
    return [key.removeprefix(PREFIX).removesuffix(".safetensors") for key in keys]


def history(weights: WeightsRepository) -> list[str]:
    return [entry.version for entry in weights.history(1000).versions]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def repository(store: MemoryStore, keep: int, **options: Any) -> WeightsRepository:
    weights = WeightsRepository(store, MANIFEST, keep, **options)
    weights.publish(Change(change_to(0).tensors, "first", 1, 0.1))
    return weights


@pytest.mark.parametrize("keep", [1, 2, 7])
def test_as_many_stay_as_are_to_be_kept(store: MemoryStore, keep: int) -> None:
    weights = repository(store, keep)
    made = [weights.update(one_more).version for _ in range(20)]
    assert stored(store) == made[-keep:]
    assert history(weights) == made[: -keep - 1 : -1]
    assert weights.current().tensors["b"].tolist() == [20, 20]


def test_pruning_comes_now_and_then_where_many_are_kept(store: MemoryStore) -> None:
    lists: list[str] = []
    keys = store.keys

    def listed(prefix: str) -> list[str]:
        lists.append(prefix)
        return keys(prefix)

    store.keys = listed  # type: ignore[method-assign]
    weights = repository(store, 200)
    for _ in range(31):
        weights.update(one_more)
    assert len(lists) == 2  # of 32 publications


def test_history_names_only_versions_that_can_be_read(store: MemoryStore) -> None:
    weights = repository(store, 40)
    for _ in range(60):
        weights.update(one_more)
    names = history(weights)
    assert len(names) == 40
    again = WeightsRepository(store, MANIFEST, 40)
    assert [again.get(name).version for name in names] == names


def test_versions_that_a_job_names_stay(store: MemoryStore) -> None:
    needed: set[str] = set()
    weights = repository(store, 2, needed=lambda: needed)
    needed.add(weights.current().version)
    made = [weights.update(one_more).version for _ in range(6)]
    assert stored(store) == sorted([*needed, *made[-2:]])
    needed.clear()
    weights.update(one_more)
    assert len(stored(store)) == 2


def test_what_a_crash_has_left_is_removed(store: MemoryStore) -> None:
    weights = repository(store, 10)
    put = store.put

    def dies(key: str, body: bytes, **options: Any) -> str:
        if key.endswith("current.json"):
            raise KeyboardInterrupt
        return put(key, body, **options)

    store.put = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        weights.update(one_more)
    store.put = put  # type: ignore[method-assign]
    assert len(stored(store)) == 2
    assert weights.prune() == []  # it could be a publication that is just going on
    weights.update(one_more)
    weights.update(one_more)
    weights.prune()
    assert sorted(history(weights)) == stored(store)


def test_publication_that_is_going_on_is_left_alone(store: MemoryStore) -> None:
    """One version is written, its pointer not yet moved, when another process prunes."""
    weights, other = repository(store, 1), WeightsRepository(store, MANIFEST, 1)
    weights.update(one_more)
    put = store.put

    def slow(key: str, body: bytes, **options: Any) -> str:
        if key.endswith("current.json"):
            assert other.prune() == []
        return put(key, body, **options)

    store.put = slow  # type: ignore[method-assign]
    made = weights.update(one_more)
    store.put = put  # type: ignore[method-assign]
    assert WeightsRepository(store, MANIFEST, 1).current().version == made.version


def test_readers_always_find_a_complete_version_while_others_prune(store: MemoryStore) -> None:
    weights = repository(store, 1)
    over, wrong = threading.Event(), []

    def read() -> None:
        while not over.is_set():
            reader = WeightsRepository(store, MANIFEST, 1)  # which has nothing in memory
            try:
                tensor = reader.current().tensors["b"]
                assert tensor[0] == tensor[1]
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(300):
        weights.update(one_more)
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_failing_pruning_fails_no_publication(store: MemoryStore) -> None:
    weights = repository(store, 1)

    def away(prefix: str) -> list[str]:
        raise UnavailableError(f"no keys of {prefix}")

    keys, store.keys = store.keys, away  # type: ignore[method-assign]
    made = [weights.update(one_more).version for _ in range(3)]
    store.keys = keys  # type: ignore[method-assign]
    assert weights.current().version == made[-1]
    last = weights.update(one_more).version
    assert stored(store) == [last]


def test_weights_from_before_the_pointer_held_the_history_keep_theirs(store: MemoryStore) -> None:
    weights = repository(store, 10)
    made = [weights.current().version] + [weights.update(one_more).version for _ in range(3)]
    store.put(PREFIX + "current.json", f'{{"version":"{made[-1]}","key":"k","updated_at":"t"}}'.encode())
    again = WeightsRepository(store, MANIFEST, 10)
    assert history(again) == made[::-1]
    made.append(again.update(one_more).version)
    assert history(WeightsRepository(store, MANIFEST, 10)) == made[::-1]
