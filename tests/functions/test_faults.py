"""S3 fails, or the process dies, at each call of each write in turn: the weights are then the old ones or the new.

The answer says what is known, and the next request works, in the same process and in a fresh one.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from chalice.test import HTTPResponse

from functions import wiring
from functions.errors import CorruptDataError, UnavailableError
from functions.jobs import lease
from functions.jobs.jobs import STALE_AFTER, Job
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.weights import repository
from functions.weights.safetensors import encode
from tests.support.api import Api
from tests.support.faults import FAULTS, FaultyStore, KilledError, away, failing
from tests.support.launchers import IdleLauncher

KEEP = 4
POINTER = "weights/mlp-128/current.json"
# A nonsense lesson, but a small one: larger ones are taken back.
SAMPLE = {"data": [{"target": 1, "image": [0.5] * 784}], "learning_rate": 0.001}

type Write = Callable[[Api], HTTPResponse]
type Fault = Callable[..., object]

pytestmark = pytest.mark.usefixtures("networks_are_loaded_once")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "_PAUSE", 0)
    monkeypatch.setattr(lease, "_PAUSE", 0)


@pytest.fixture(scope="module")
def lived_in(seeded: MemoryStore) -> MemoryStore:
    """Return a store with as many versions as are kept, so that the next write removes one; to be copied."""
    store = FaultyStore(seeded)
    for _ in range(KEEP - 1):
        assert Process(store).ask(patch).status_code == 200
    return store


class Process:
    """The API over a store, as a process of its own: it has read nothing yet."""

    def __init__(self, store: MemoryStore) -> None:
        self.service = Service(Settings("b", keep_versions=KEEP, train_iterations=2), store, IdleLauncher())

    def ask(self, write: Write) -> HTTPResponse:
        """Send a request."""
        wiring.use(self.service)
        try:
            return write(Api(self.service))
        finally:
            wiring.use(None)


def patch(api: Api) -> HTTPResponse:
    return api("PATCH", "/weights", body=SAMPLE)


def delete(api: Api) -> HTTPResponse:
    return api("DELETE", "/weights")


def writes(source: MemoryStore) -> dict[str, Write]:
    """Return the requests that publish a version."""
    known = Process(source).service.model("mlp-128").weights
    body, oldest = encode(known.current().tensors, {}), known.history().versions[-1].version
    base, change = known.current().version, encode({n: t / 1e4 for n, t in known.current().tensors.items()}, {})
    safetensors = {"Content-Type": "application/vnd.safetensors", "Idempotency-Key": "one"}
    return {
        "PATCH": patch,
        "POST": lambda api: api("POST", "/weights", body=body, headers=safetensors),
        "rollback": lambda api: api("POST", "/weights/rollback", body={"version": oldest}),
        "update": lambda api: api(
            "POST", f"/weights/updates?base={base}&samples=50", body=change, headers=safetensors
        ),
    }


def state(store: MemoryStore) -> list[str]:
    """Return the versions in a store's history, having checked that they are all there, complete and linked."""
    known = Process(store).service.model("mlp-128").weights
    history = known.history()
    assert known.current().version == history.current == history.versions[0].version
    for entry in history.versions:
        assert known.get(entry.version).accuracy == entry.accuracy
    for entry, parent in pairwise(history.versions):
        assert entry.parent == parent.version
    return [entry.version for entry in history.versions]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("route", ["PATCH", "POST", "rollback", "update"])
def test_write_that_fails_anywhere_leaves_the_old_weights_or_the_new(
    lived_in: MemoryStore, route: str, fault: Fault
) -> None:
    write, healthy = writes(lived_in)[route], FaultyStore(lived_in)
    assert Process(healthy).ask(write).status_code in (200, 201)
    assert any(call.startswith("delete") for call in healthy.calls)  # pruning is among them
    old = state(lived_in)
    for number, call in failing(healthy.calls, fault):
        store = FaultyStore(lived_in)
        process = Process(store)
        store.arm(number, fault)
        try:
            answer = process.ask(write)
        except KilledError:
            answer, process = None, Process(store)
        store.disarm()
        new = state(store)
        assert new == old or new[1:] == old[: KEEP - 1], call
        if answer is not None:
            check_honest(answer, old, new, call)
            if number > healthy.calls.index(f"put {POINTER}"):
                assert answer.status_code in (200, 201), call  # only the pruning has failed
        if route == "update":  # a client that sends it again, as one does without an answer, does not count twice
            assert (process if answer else Process(store)).ask(write).status_code in (200, 201), call
            new = state(store)
            assert new[1:] == old[: KEEP - 1], call
        for each in (process, Process(store)):
            assert each.ask(patch).status_code == 200, call
        assert state(store)[2] == new[0], call


def check_honest(answer: HTTPResponse, old: list[str], new: list[str], call: str) -> None:
    """Check that an answer says what has happened, or that it is not known."""
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0, call
    elif answer.status_code == 409:
        assert new == old, call
    else:
        assert answer.status_code in (200, 201), (call, answer.json_body)
        assert (answer.json_body["version"], answer.json_body["parent"]) == (new[0], old[0]), call


def clear(process: Process) -> tuple[HTTPResponse, Job | None]:
    """Have the weights cleared, and run the job that does it."""
    answer = process.ask(delete)
    if answer.status_code != 202:
        return answer, None
    return answer, process.service.run_job(answer.json_body["job"]["id"])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_retraining_that_fails_anywhere_leaves_the_old_weights_or_the_new(
    lived_in: MemoryStore, fault: Fault
) -> None:
    healthy = FaultyStore(lived_in)
    done = clear(Process(healthy))[1]
    assert done is not None
    assert done.state == "done"
    old = state(lived_in)
    for number, call in failing(healthy.calls, fault):
        store = FaultyStore(lived_in)
        process, job = Process(store), None
        store.arm(number, fault)
        try:
            answer, job = clear(process)
            assert answer.status_code in (202, 409, 503), (call, answer.json_body)
        except KilledError:
            process = Process(store)
        except (UnavailableError, CorruptDataError):
            pass  # out of the Lambda: nobody is there to be told
        store.disarm()
        new = state(store)
        assert new == old or new[1:] == old[: KEEP - 1], call
        if job is not None and job.state == "done":
            assert job.version == new[0], call
        process = process if number % 2 else Process(store)
        process.service.jobs.now = lambda: datetime.now(UTC) + timedelta(seconds=STALE_AFTER)
        answer, again = clear(process)
        assert again is not None, (call, answer.json_body)
        assert (again.state, again.version) == ("done", state(store)[0]), call


def test_store_that_stays_unavailable_is_reported_and_nothing_is_lost(lived_in: MemoryStore) -> None:
    store = FaultyStore(lived_in)
    process = Process(store)
    assert process.ask(patch).status_code == 200
    old = state(store)
    for number in range(4):
        store.arm(number, away, for_good=True)
        assert process.ask(patch).status_code in (503, 200)
        store.disarm()
    assert process.ask(patch).status_code == 200
    assert set(old[:1]) <= set(state(store))
