"""S3 fails, or the process dies, at each call that a room needs: it is then whole or gone, and nothing counts twice.

`test_faults` does the same for the shared weights, which no room may change.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from chalice.test import HTTPResponse

from functions import service, wiring
from functions.models.training import initial_weights
from functions.rooms import codes
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.weights import repository
from functions.weights.safetensors import encode
from functions.weights.versions import now
from tests.support.api import Api
from tests.support.faults import FAULTS, FaultyStore, KilledError, failing, truncated
from tests.support.launchers import IdleLauncher
from tests.support.weights_bodies import SAFETENSORS, SHAPES

SAMPLE = {"data": [{"target": 1, "image": [0.5] * 784}], "learning_rate": 0.001}
KEEP = 4

type Fault = Callable[..., object]
type Ask = Callable[["Process"], HTTPResponse]

pytestmark = pytest.mark.usefixtures("networks_are_loaded_once")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "_PAUSE", 0)
    # Any random weights will do, and the same need to be examined only once.
    monkeypatch.setattr(service, "initial_weights", lambda shapes, _seed: initial_weights(shapes, 1))


class Process:
    """The API over a store with one room, as a process of its own: it has read nothing yet."""

    def __init__(self, store: MemoryStore, owner: str = "", first: str = "") -> None:
        self.store, self.owner, self.first = store, owner, first
        self.code = owner[:14]
        self.service = Service(Settings("b", keep_versions=KEEP), store, IdleLauncher())

    def ask(
        self, method: str, path: str, code: str | None = None, body: object = None, **headers: str
    ) -> HTTPResponse:
        """Send a request with a code of the room."""
        said = {"Authorization": f"Bearer {self.code if code is None else code}"} if self.owner else {}
        wiring.use(self.service)
        try:
            return Api(self.service)(method, path, body=body, headers=said | headers)
        finally:
            wiring.use(None)

    def history(self) -> list[str]:
        """Return the room's versions, having checked that they are all there, complete and linked."""
        room = codes.read(self.code)
        assert room is not None
        weights = self.service.room_model(self.service.rooms.get(room)).weights
        entries = weights.history().versions
        for entry in entries:
            assert weights.get(entry.version).accuracy == entry.accuracy
        for entry, parent in pairwise(entries):
            assert entry.parent == parent.version
        assert weights.current().version == entries[0].version
        return [entry.version for entry in entries]


def open_room(process: Process) -> HTTPResponse:
    return process.ask("POST", "/rooms", body={})


def join(process: Process) -> HTTPResponse:
    return process.ask("GET", f"/rooms/{process.code}")


def update(process: Process) -> HTTPResponse:
    change = {name: np.full(shape, 1e-5, np.float32) for name, shape in SHAPES.items()}
    path, typed = f"/weights/updates?base={process.first}&samples=50", {"Content-Type": SAFETENSORS}
    return process.ask("POST", path, body=encode(change, {}), **typed, **{"Idempotency-Key": "one"})


def teach(process: Process) -> HTTPResponse:
    return process.ask("PATCH", "/weights", process.owner, SAMPLE)


def start_over(process: Process) -> HTTPResponse:
    return process.ask("POST", f"/rooms/{process.code}/reset", process.owner, {})


def start_anew(process: Process) -> HTTPResponse:
    return process.ask("POST", f"/rooms/{process.code}/reset", process.owner, {"start": "new"})


def end(process: Process) -> HTTPResponse:
    return process.ask("DELETE", f"/rooms/{process.code}", process.owner)


@pytest.fixture(scope="module")
def room(seeded: MemoryStore) -> Process:
    """Return a process with a room that has been learned in; copy its store."""
    store = FaultyStore(seeded)
    opened = open_room(Process(store)).json_body
    process = Process(store, opened["owner_code"], opened["room"]["version"])
    for _ in range(2):
        assert teach(process).status_code == 200
    return process


def failures(source: MemoryStore, healthy: Process, asked: Ask, fault: Fault) -> Iterator[tuple[str, FaultyStore]]:
    """Yield a store for each call that can fail in this way, armed for it."""
    store = FaultyStore(source)
    answer = asked(Process(store, healthy.owner, healthy.first))
    assert answer.status_code < 300, answer.json_body
    for number, call in failing(store.calls, fault):
        broken = FaultyStore(source)
        broken.arm(number, fault)
        yield call, broken


def attempt(process: Process, asked: Ask, call: str) -> HTTPResponse | None:
    """Ask while the store fails. None: the process is dead."""
    try:
        answer = asked(process)
    except KilledError:
        return None
    assert answer.status_code in (200, 201, 204, 409, 503), (call, answer.json_body)
    if answer.status_code in (409, 503):
        assert int(answer.headers["Retry-After"]) > 0, call
        assert answer.json_body["error"]["message"], call
    return answer


def shared(store: MemoryStore) -> dict[str, str]:
    return {key: store.get(key).etag for key in store.keys("weights/")}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_opening_that_fails_leaves_nothing_that_stays(seeded: MemoryStore, fault: Fault) -> None:
    for call, store in failures(seeded, Process(seeded), open_room, fault):
        process = Process(store)
        answer = attempt(process, open_room, call)
        store.disarm()
        opened = open_room(Process(store)).json_body
        assert Process(store, opened["owner_code"]).history(), call
        assert shared(store) == shared(seeded), call
        if answer is not None and answer.status_code == 201:
            assert Process(store, answer.json_body["owner_code"]).history(), call
        late = Process(store)
        late.service.rooms.clock = lambda: now() + timedelta(hours=25)  # also for one whose code was never told
        late.service.rooms.sweep()
        assert store.keys("rooms/") == [], call


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("asked", [update, teach, start_over, start_anew], ids=lambda asked: asked.__name__)
def test_change_of_a_room_that_fails_leaves_the_old_weights_or_the_new(
    room: Process, asked: Ask, fault: Fault
) -> None:
    old = room.history()
    for call, store in failures(room.store, room, asked, fault):
        process = Process(store, room.owner, room.first)
        answer = attempt(process, asked, call)
        store.disarm()
        new = Process(store, room.owner).history()
        assert new == old or new[1:] == old[: KEEP - 1], call
        if answer is not None and answer.status_code < 300:
            assert answer.json_body["version"] == new[0], call
        if asked is update:  # sent again, as it is without an answer, it counts once
            assert update(process if answer else Process(store, room.owner, room.first)).status_code in (200, 201)
            new = Process(store, room.owner).history()
            assert new[1:] == old[: KEEP - 1], call
        for each in (process, Process(store, room.owner)):
            assert teach(each).status_code == 200, call
        assert process.history()[2] == new[0], call
        assert shared(store) == shared(room.store), call


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_end_that_fails_can_be_repeated_and_then_nothing_of_the_room_is_left(room: Process, fault: Fault) -> None:
    for call, store in failures(room.store, room, end, fault):
        process = Process(store, room.owner)
        attempt(process, end, call)
        store.disarm()
        again = end(process)
        assert again.status_code in (204, 404), call
        assert join(process).status_code == 404, call
        assert update(Process(store, room.owner, room.first)).status_code == 404, call
        if again.status_code == 404:  # what lets people in is gone, the rest goes with the next room after an hour
            process.service.rooms.clock = lambda: now() + timedelta(hours=2)
            process.service.rooms.sweep()
        assert store.keys("rooms/") == [], call
        assert shared(store) == shared(room.store), call


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_joining_that_fails_changes_nothing(room: Process, fault: Fault) -> None:
    for call, store in failures(room.store, room, join, fault):
        process = Process(store, room.owner)
        answer = attempt(process, join, call)
        assert answer is not None
        if fault is truncated and "room.json" in call:
            assert answer.status_code == 200, call  # it reads it again
        store.disarm()
        assert join(process).status_code == 200, call
        assert process.history() == room.history(), call


class EndingStore(FaultyStore):
    """A store in which a room ends just before one of the calls."""

    def end_before(self, number: int, ending: Process) -> None:
        """End the room of a process before the call of that number."""

        def over(take_effect: Callable[[], Any]) -> Any:
            self.disarm()
            calls = list(self.calls)
            assert end(ending).status_code == 204
            self.calls = calls
            return take_effect()

        self.arm(number, over)


@pytest.mark.parametrize("asked", [join, update, teach, start_over, start_anew], ids=lambda asked: asked.__name__)
def test_room_that_ends_in_between_is_said_to_be_over(room: Process, asked: Ask) -> None:
    healthy = FaultyStore(room.store)
    assert asked(Process(healthy, room.owner, room.first)).status_code < 300
    for number, call in enumerate(healthy.calls):
        store = EndingStore(room.store)
        store.end_before(number, Process(store, room.owner))
        answer = asked(Process(store, room.owner, room.first))
        assert answer.status_code in (200, 201, 404, 409, 503), (call, answer.json_body)
        if answer.status_code == 404:
            assert "time" in answer.json_body["error"]["message"], (call, answer.json_body)
        store.disarm()
        process = Process(store, room.owner)
        assert join(process).status_code == 404, call
        process.service.rooms.clock = lambda: now() + timedelta(hours=2)
        process.service.rooms.sweep()
        assert store.keys("rooms/") == [], call
        assert shared(store) == shared(room.store), call
