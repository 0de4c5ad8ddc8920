"""The consumer: each lesson counts once, whatever is delivered again, lost, killed or poisoned on the way."""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest

from functions.dataset.shards import Digits
from functions.errors import ConflictError, CorruptDataError, NotFoundError, UnavailableError
from functions.lessons import lesson
from functions.lessons.inbox import Inbox
from functions.lessons.lesson import Lesson, LessonId, key_of
from functions.lessons.records import Record
from functions.models.training import TrainState
from functions.storage.memory import MemoryStore
from tests.support.faults import FAULTS, FaultyStore, KilledError, failing
from tests.support.lesson_streams import SHARD, MemoryStream, process

RATE = 0.001
GOOD = "mlp-128"

pytestmark = pytest.mark.usefixtures("at_once", "networks_are_loaded_once")

type Fault = Callable[..., object]


@pytest.fixture
def some(seeded: MemoryStore) -> Digits:
    return Digits.of(process(seeded).dataset.first("train", 400))


def hand_in(
    store: MemoryStore, stream: MemoryStream, some: Digits, places: Sequence[int], key: str | None = None
) -> list[LessonId]:
    """Hand in one lesson for each digit, named after its place."""
    service = process(store, stream)
    assert service.inbox is not None
    model = service.model(GOOD)
    return [
        service.inbox.hand_in(model, one(some, place), RATE, key_of(key or f"lesson-{place}")) for place in places
    ]


def one(some: Digits, place: int, count: int = 1) -> Digits:
    return Digits(some.images[place : place + count], some.labels[place : place + count])


def learned(store: MemoryStore) -> int:
    """Return how many lessons the history holds, having checked that every version is whole."""
    weights = process(store).model(GOOD).weights
    history = weights.history(200).versions
    assert weights.current().version == history[0].version
    return sum(entry.lessons for entry in history)


def expected(store: MemoryStore, some: Digits, places: Sequence[int]) -> dict[str, np.ndarray]:
    """Return the weights after these lessons, one after the other."""
    model = process(store).model(GOOD)
    weights = model.weights.current().tensors

    state = TrainState.fresh(weights)
    for place in places:
        sent = one(some, place)
        state = model.trainer.step(state, sent.images, sent.labels, learning_rate=RATE).state
    return state.weights


def batches(records: Sequence[Record], size: int) -> Iterator[Sequence[Record]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


def test_lessons_sent_twice_and_delivered_again_count_once_in_order(
    memory: MemoryStore, stream: MemoryStream, some: Digits
) -> None:
    wanted = expected(memory, some, range(40))
    ids = hand_in(memory, stream, some, [*range(20), 3, 7, 7, *range(15, 40)])
    service = process(memory, stream)
    for batch in batches(stream.records, 9):
        service.learner.learn(SHARD, batch)
        service.learner.learn(SHARD, batch)
        process(memory).learner.learn(SHARD, stream.records[:5])
    assert learned(memory) == 40
    for name, tensor in service.model(GOOD).weights.current().tensors.items():
        np.testing.assert_array_equal(tensor, wanted[name])
    assert service.inbox is not None
    reports = [service.inbox.report(service.model(GOOD), one) for one in ids]
    assert {report.state for report in reports} == {"learned"}
    assert reports[20].version == reports[3].version  # a lesson sent twice is where the first one is
    assert reports[20].batch_loss == reports[3].batch_loss
    assert len([key for key in memory.keys("weights/mlp-128/") if key.endswith(".lessons")]) == 1


def test_racing_consumers_lose_and_read_again(memory: MemoryStore, stream: MemoryStream, some: Digits) -> None:
    hand_in(memory, stream, some, [*range(60), *range(0, 60, 10)])
    random.seed(1)

    def consume(size: int) -> None:
        service = process(memory, stream)
        for batch in batches(stream.records, size):
            for _ in range(1 + (random.random() < 0.4)):
                while True:
                    with suppress(ConflictError, UnavailableError):
                        service.learner.learn(SHARD, batch)
                        break

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(consume, (7, 11)))
    assert learned(memory) == 60


def test_poisoned_lessons_are_refused_and_do_not_stop_the_others(
    memory: MemoryStore, stream: MemoryStream, some: Digits
) -> None:
    good = hand_in(memory, stream, some, range(6))
    assert lesson.decode(stream.records[0].data).block is not None
    wrong = lesson.as_block(Digits(one(some, 0, 100).images, (one(some, 0, 100).labels + 1) % 10))
    poisoned = {
        "clearly worse": Lesson(GOOD, key_of("worse"), 1.0, wrong),
        "no block": Lesson(GOOD, key_of("bytes"), RATE, b"SCRB nonsense"),
        "rate": Lesson(GOOD, key_of("rate"), 5.0, wrong),
        "empty": Lesson(GOOD, key_of("empty"), RATE, lesson.as_block(one(some, 0, 0))),
        "gone": Lesson(GOOD, key_of("gone"), RATE, None),
    }
    bad = [stream.put(lesson.encode(each), GOOD) for each in poisoned.values()]
    stream.put(b"no lesson at all", GOOD)
    stream.put(lesson.encode(Lesson("mlp-999", bytes(16), RATE, wrong)), GOOD)
    good += hand_in(memory, stream, some, range(6, 12))
    service = process(memory, stream)
    service.learner.learn(SHARD, stream.records)
    assert learned(memory) == 12
    model, inbox = service.model(GOOD), service.inbox
    assert inbox is not None
    assert {inbox.report(model, each).state for each in good} == {"learned"}
    reasons = [str(inbox.report(model, each).reason) for each in bad]
    assert [inbox.report(model, each).state for each in bad] == ["refused"] * 5
    for reason, part in zip(reasons, ("test digits", "block", "learning rate", "1 to 4000", "store"), strict=True):
        assert part in reason
    assert model.weights.current().accuracy > 0.5


def test_batch_without_any_lesson_to_learn_still_counts_as_read(
    memory: MemoryStore, stream: MemoryStream, some: Digits
) -> None:
    hand_in(memory, stream, some, [1])
    service = process(memory, stream)
    service.learner.learn(SHARD, stream.records)
    before = service.model(GOOD).weights.current().version
    (again,) = hand_in(memory, stream, some, [1])
    refused = stream.put(lesson.encode(Lesson(GOOD, key_of("x"), RATE, b"")), GOOD)
    service.learner.learn(SHARD, stream.records[1:])
    model, inbox = service.model(GOOD), service.inbox
    assert inbox is not None
    assert model.weights.current().version == before
    assert (inbox.report(model, again).version, inbox.report(model, refused).state) == (before, "refused")
    with pytest.raises(NotFoundError):
        memory.get(lesson.object_key(GOOD, key_of("lesson-1")))


def test_large_lessons_go_through_the_store_and_leave_nothing_there(
    memory: MemoryStore, stream: MemoryStream, some: Digits
) -> None:
    service = process(memory, stream)
    model, inbox = service.model(GOOD), service.inbox
    assert inbox is not None
    for _ in range(2):  # sent twice
        sent = inbox.hand_in(model, some, RATE, key_of("large"))
    assert all(len(record.data) < 300 for record in stream.records)
    assert len(memory.keys("lessons/")) == 1
    service.learner.learn(SHARD, stream.records)
    assert (inbox.report(model, sent).state, learned(memory), memory.keys("lessons/")) == ("learned", 1, [])
    assert model.weights.current().samples == len(some)


def test_weights_changed_otherwise_keep_the_log_and_a_lost_pointer_finds_it(
    memory: MemoryStore, stream: MemoryStream, some: Digits
) -> None:
    hand_in(memory, stream, some, range(5))
    service = process(memory, stream)
    model = service.model(GOOD)
    first = model.weights.current().version
    service.learner.learn(SHARD, stream.records)
    model.train_step(one(some, 50), RATE)
    model.roll_back(first)
    hand_in(memory, stream, some, [2, 5])
    service.learner.learn(SHARD, stream.records)
    assert learned(memory) == 7  # five lessons, a PATCH, and one lesson more
    memory.put("weights/mlp-128/current.json", b"damaged")
    process(memory).model(GOOD).roll_back(first)
    process(memory).learner.learn(SHARD, stream.records)
    assert learned(memory) == 7


def test_lost_log_still_says_how_far_the_stream_was_read(
    memory: MemoryStore, stream: MemoryStream, some: Digits
) -> None:
    hand_in(memory, stream, some, range(5))
    process(memory).learner.learn(SHARD, stream.records)
    memory.delete(*[key for key in memory.keys("weights/") if key.endswith(".lessons")])
    hand_in(memory, stream, some, [5])
    process(memory).learner.learn(SHARD, stream.records)
    assert learned(memory) == 6


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_consumer_that_fails_or_dies_at_any_step_loses_nothing_and_learns_nothing_twice(
    memory: MemoryStore, stream: MemoryStream, some: Digits, fault: Fault
) -> None:
    service = process(memory, stream)
    hand_in(memory, stream, some, [0, 1])
    service.learner.learn(SHARD, stream.records)
    hand_in(memory, stream, some, [2, 1, 3])
    assert service.inbox is not None
    service.inbox.hand_in(service.model(GOOD), some, 1e-6, key_of("large"))
    batch = stream.records[2:]
    healthy = FaultyStore(memory)
    process(healthy).learner.learn(SHARD, batch)
    assert learned(healthy) == 5
    for number, call in failing(healthy.calls, fault):
        store = FaultyStore(memory)
        doomed = process(store)
        store.arm(number, fault)
        with suppress(KilledError, UnavailableError, ConflictError, CorruptDataError):
            doomed.learner.learn(SHARD, batch)
        store.disarm()
        assert learned(store) in (2, 5), call
        for again in (doomed, process(store)):
            again.learner.learn(SHARD, batch)
        assert learned(store) == 5, call
        process(store).model(GOOD).weights.prune()
        assert len([key for key in store.keys("weights/mlp-128/") if key.endswith(".lessons")]) <= 2, call


def test_outcome_is_waited_for_and_a_store_that_fails_meanwhile_is_no_failure(
    memory: MemoryStore, stream: MemoryStream, some: Digits
) -> None:
    store = FaultyStore(memory)
    service = process(store, stream)
    model = service.model(GOOD)
    (sent,) = hand_in(store, stream, some, [0])
    clock, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        slept.append(seconds)
        if len(slept) == 3:
            store.disarm()
            process(store).learner.learn(SHARD, stream.records)

    inbox = Inbox(stream, store, clock=lambda: clock[0], sleep=sleep)
    store.arm(0, next(iter(FAULTS)), for_good=True)
    assert inbox.wait(model, sent, 10).state == "learned"
    assert len(slept) == 3
    assert inbox.wait(model, LessonId("0", "9" * 56), 10).state == "waiting"
    assert clock[0] == pytest.approx(10.75)


def test_same_block_twice_is_two_lessons(memory: MemoryStore, stream: MemoryStream, some: Digits) -> None:
    service = process(memory, stream)
    assert service.inbox is not None
    for _ in range(2):
        service.inbox.hand_in(service.model(GOOD), one(some, 0), RATE, key_of(None))
    service.learner.learn(SHARD, stream.records)
    assert learned(memory) == 2
