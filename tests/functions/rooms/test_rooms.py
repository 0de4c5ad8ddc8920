"""The rooms in a store: which are removed when another one is opened, and which are not."""

from datetime import timedelta

import pytest

from functions.errors import CorruptDataError
from functions.rooms.rooms import OPENED_WITHIN, RoomsRepository
from functions.storage.memory import MemoryStore
from functions.weights.versions import new_id, now

WEIGHTS = "rooms/{}/weights/mlp-128/{}"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def version(hours: float) -> str:
    """Return a version that was written so many hours ago."""
    return f"{new_id(now() - timedelta(hours=hours))}.safetensors"


def test_remains_are_removed_and_a_room_about_to_be_opened_is_not(store: MemoryStore) -> None:
    rooms = RoomsRepository(store)
    opened, _ = rooms.plan("mlp-128", 1)
    rooms.open(opened)
    for name, key in (
        (opened.name, version(5)),  # open, however old its weights are
        ("soon", version(5)),
        ("soon", version(0.1)),
        ("remains", version(1.1)),
        ("remains", "current.json"),
        ("pointer", "current.json"),  # which comes after a version
    ):
        store.put(WEIGHTS.format(name, key), b"")
    rooms.sweep()
    assert {key.split("/")[1] for key in store.keys("rooms/")} == {opened.name, "soon"}
    rooms.clock = lambda: now() + OPENED_WITHIN
    rooms.sweep()
    assert store.keys("rooms/") == []


def test_damaged_room_is_named_and_does_not_stop_the_removal_of_others(store: MemoryStore) -> None:
    rooms = RoomsRepository(store)
    room, code = rooms.plan("mlp-128", 1)
    store.put(f"rooms/{room.name}/room.json", b'{"name":')
    store.put(WEIGHTS.format("remains", "current.json"), b"")
    with pytest.raises(CorruptDataError, match=r"a room is damaged: .*; open another one"):
        rooms.get(code)
    rooms.sweep()
    assert store.keys("rooms/") == [f"rooms/{room.name}/room.json"]
