"""The consumer and updates: a batch is averaged by samples, each counts once, and those of a room stay in it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import numpy as np
import pytest

from functions.dataset.shards import Digits
from functions.errors import ConflictError, CorruptDataError, UnavailableError
from functions.lessons import lesson
from functions.lessons.lesson import Lesson, LessonId, key_of
from functions.models.averaging import Update
from functions.models.model import Model
from functions.rooms.rooms import Room
from functions.service import Service
from functions.storage.memory import MemoryStore
from functions.weights import contributions, safetensors
from functions.weights.contributions import Contribution
from functions.weights.versions import Tensors
from tests.support.faults import FAULTS, FaultyStore, KilledError, failing
from tests.support.lesson_streams import SHARD, MemoryStream, process
from tests.support.weights_bodies import SHAPES

ROUNDING = 2e-6  # float32, of weights below 1, a few times over
GOOD = "mlp-128"

pytestmark = pytest.mark.usefixtures("at_once", "networks_are_loaded_once")

type Fault = Callable[..., object]


@pytest.fixture
def service(memory: MemoryStore, stream: MemoryStream) -> Service:
    return process(memory, stream)


def difference(seed: int, size: float = 1e-4) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: random.normal(0, size, shape).astype(np.float32) for name, shape in SHAPES.items()}


def hand_in(
    service: Service, change: Tensors, samples: int = 100, name: str = "", room: Room | None = None, base: str = ""
) -> LessonId:
    """Hand in an update of a participant, as int8 where that is small enough for the stream."""
    assert service.inbox is not None
    model = service.model(GOOD) if room is None else service.room_model(room)
    sent = Update({}, base or model.weights.current().version, samples, name, f"key-{name}")
    return service.inbox.hand_in_update(
        model, sent, safetensors.encode(change, {}), "" if room is None else room.name
    )


def states(service: Service, model: Model, ids: Sequence[LessonId]) -> list[str]:
    assert service.inbox is not None
    return [service.inbox.report(model, one).state for one in ids]


def weights(service: Service) -> Tensors:
    return service.model(GOOD).weights.current().tensors


def assert_equal(found: Tensors, expected: Tensors) -> None:
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
@pytest.mark.parametrize("size", [1, 3, 4])
def test_updates_from_one_version_are_averaged_by_samples_however_they_come(
    service: Service, stream: MemoryStream, order: Sequence[int], size: int
) -> None:
    first, changes, samples = weights(service), [difference(seed) for seed in range(4)], [100, 200, 300, 400]
    ids = [hand_in(service, changes[one], samples[one], f"p{one}") for one in order]
    for start in range(0, 4, size):
        service.learner.learn(SHARD, stream.records[start : start + size])
        service.learner.learn(SHARD, stream.records[: start + size])  # delivered again
    mean = {name: sum(s * c[name] for s, c in zip(samples, changes, strict=True)) / 1000 for name in SHAPES}
    assert_equal(weights(service), {name: first[name] + mean[name] for name in SHAPES})
    model = service.model(GOOD)
    assert set(states(service, model, ids)) == {"learned"}
    history = model.weights.history().versions
    assert len(history) == 1 + -(-4 // size)
    assert (history[0].source, sum(entry.samples for entry in history), history[0].lessons) == ("update", 1000, 0)
    assert {one.participant for one in model.weights.pointer().contributions} == {"p0", "p1", "p2", "p3"}


def test_update_that_comes_both_ways_counts_once(service: Service, stream: MemoryStream) -> None:
    model, base = service.model(GOOD), service.model(GOOD).weights.current().version
    at_once = model.average(Update(difference(1), base, 50, "a", "key-a"))
    again = hand_in(service, difference(1), 50, "a", base=base)
    other = hand_in(service, difference(2), 50, "b", base=base)
    service.learner.learn(SHARD, stream.records)
    assert service.inbox is not None
    assert service.inbox.report(model, again).version == at_once.version.version
    assert len(model.weights.history().versions) == 3
    late = model.average(Update(difference(2), base, 50, "b", "key-b"))
    assert (late.weight, late.version.version) == (None, service.inbox.report(model, other).version)
    assert model.known_update(Update(difference(2), base, 50, "b", "key-b")) is not None


def test_lessons_and_updates_of_a_batch_are_one_version(service: Service, stream: MemoryStream) -> None:
    first, model = weights(service), service.model(GOOD)
    shard = Digits.of(service.dataset.first("train", 40))
    some = Digits(shard.images[:40], shard.labels[:40])
    assert service.inbox is not None
    taught = service.inbox.hand_in(model, some, 1e-7, key_of("same"))
    sent = hand_in(service, difference(1), 120, "same")  # its key is another one
    service.learner.learn(SHARD, stream.records)
    newest = model.weights.history().versions[0]
    assert (newest.source, newest.samples, newest.lessons) == ("update", 160, 1)
    assert set(states(service, model, [taught, sent])) == {"learned"}
    weight = service.inbox.report(model, sent).weight
    assert weight == 0.75
    expected = {name: np.asarray(first[name] + 0.75 * difference(1)[name], np.float32) for name in SHAPES}
    assert_equal(weights(service), expected)
    late = model.average(Update(difference(2), model.weights.history().versions[1].version, 40, "late"))
    assert late.weight == 0.2  # 40 of 200 samples since


def test_updates_that_cannot_be_used_are_refused_and_the_others_count(
    service: Service, stream: MemoryStream, memory: MemoryStore
) -> None:
    model = service.model(GOOD)
    good = [hand_in(service, difference(seed), name=f"g{seed}") for seed in range(3)]
    current = model.weights.current().version
    broken = difference(1)
    broken["fc1.bias"][2] = np.nan

    def poisoned(name: str, body: bytes | None) -> LessonId:
        contribution = Contribution(name, name, current, 50)
        return stream.put(lesson.encode(Lesson(GOOD, key_of(name), 0.0, body, contribution)), GOOD)

    bad = {
        "at most 2% less": hand_in(service, difference(5, 0.3), 1000, "worse"),
        "one of the last 128 versions": hand_in(service, difference(5), name="s", base="20200101T000000000-00000000"),
        "must be finite": hand_in(service, broken, name="nan"),
        "no longer in the store": poisoned("gone", None),
        "missing": poisoned("other", safetensors.encode({"fc1.bias": np.zeros(128, np.float32)}, {})),
        "safetensors": poisoned("nonsense", b"nonsense"),
        "1 sample at least": stream.put(
            lesson.encode(Lesson(GOOD, key_of("none"), 0.0, b"", Contribution("n", "n", current, -50))), GOOD
        ),
    }
    good += [hand_in(service, difference(7), name="g7")]
    service.learner.learn(SHARD, stream.records)
    assert service.inbox is not None
    for part, one in bad.items():
        report = service.inbox.report(model, one)
        assert (report.state, part in str(report.reason)) == ("refused", True), report
    assert set(states(service, model, good)) == {"learned"}
    assert model.weights.history().versions[0].samples == 400
    assert memory.keys("lessons/") == []


@pytest.fixture
def room(service: Service) -> Iterator[Room]:
    opened, _ = service.open_room(service.model(GOOD), 1, new=False)
    yield opened


def test_updates_of_a_room_stay_in_it_and_those_of_one_that_is_over_are_left_out(
    service: Service, stream: MemoryStream, memory: MemoryStore, room: Room
) -> None:
    shared = service.model(GOOD).weights.current().version
    ids = [hand_in(service, difference(seed), name=f"p{seed}", room=room) for seed in range(3)]
    assert len(memory.keys(f"rooms/{room.name}/lessons/")) == 3  # too large for the stream
    service.learner.learn(SHARD, stream.records)
    own = service.room_model(room)
    assert set(states(service, own, ids)) == {"learned"}
    assert own.weights.history().versions[0].samples == 300
    assert service.model(GOOD).weights.current().version == shared
    assert memory.keys(f"rooms/{room.name}/lessons/") == []
    hand_in(service, difference(4), name="late", room=room)
    service.rooms.end(room)
    here = hand_in(service, difference(5), name="here")
    process(memory, stream).learner.learn(SHARD, stream.records)
    assert states(service, service.model(GOOD), [here]) == ["learned"]
    assert memory.keys("rooms/") == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("in_room", [False, True], ids=["shared", "room"])
def test_averaging_that_fails_or_dies_at_any_step_loses_nothing_and_counts_nothing_twice(
    service: Service, stream: MemoryStream, memory: MemoryStore, room: Room, fault: Fault, in_room: bool
) -> None:
    own = room if in_room else None
    for name in ("a", "b", "a"):  # one of them twice
        hand_in(service, difference(ord(name)), 60, name, own)
    healthy = FaultyStore(memory)
    process(healthy, stream).learner.learn(SHARD, stream.records)

    def counted(store: MemoryStore) -> list[tuple[str, int]]:
        fresh = process(store, stream)
        model = fresh.room_model(room) if in_room else fresh.model(GOOD)
        history = model.weights.history().versions
        assert model.weights.current().version == history[0].version
        return [(entry.source, entry.samples) for entry in history]

    once, never = counted(healthy), counted(memory)
    assert once[0] == ("update", 120)
    for number, call in failing(healthy.calls, fault):
        store = FaultyStore(memory)
        doomed = process(store, stream)
        store.arm(number, fault)
        with suppress(KilledError, UnavailableError, ConflictError, CorruptDataError):
            doomed.learner.learn(SHARD, stream.records)
        store.disarm()
        assert counted(store) in (once, never), call
        for again in (doomed, process(store, stream)):
            again.learner.learn(SHARD, stream.records)
        assert counted(store) == once, call


def test_pointer_remembers_so_many_and_counts_the_others_by_their_samples(
    service: Service, stream: MemoryStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contributions, "MOST", 2)
    base = service.model(GOOD).weights.current().version
    for seed in range(4):
        hand_in(service, difference(seed), 50, f"p{seed}")
    service.learner.learn(SHARD, stream.records)
    pointer = service.model(GOOD).weights.pointer()
    assert len(pointer.contributions) == 2
    found = contributions.since(pointer, base)
    assert found is not None
    assert (len(found), sum(one.samples for one in found)) == (3, 200)
    (late,) = [hand_in(service, difference(0), 50, "p0", base=base)]  # forgotten there, and known to the log
    service.learner.learn(SHARD, stream.records)
    assert states(service, service.model(GOOD), [late]) == ["learned"]
    assert len(service.model(GOOD).weights.history().versions) == 2
