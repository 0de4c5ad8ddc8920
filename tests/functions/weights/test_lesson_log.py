"""The log of lessons: what it knows, how long, and that nothing else is taken for one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.errors import CorruptDataError, NotFoundError
from functions.storage.memory import MemoryStore
from functions.weights import lesson_log
from functions.weights.lesson_log import MOST_LESSONS, MOST_SHARDS, NEW, LessonLog, LessonLogFiles, Outcome, has_read

BROAD = settings(deadline=None, derandomize=True)  # no deadline: the machine may be busy

FIRST = "20260101T000000000-0a0b0c0d"


def outcomes(first: int, count: int) -> list[Outcome]:
    return [Outcome("s/0", str(number), number.to_bytes(16), NEW) for number in range(first, first + count)]


def test_outcomes_of_the_latest_lessons_are_known() -> None:
    log = LessonLog().followed_by(outcomes(0, MOST_LESSONS), "s/0", str(MOST_LESSONS - 1))
    log = log.followed_by(outcomes(MOST_LESSONS, 10), "s/0", str(MOST_LESSONS + 9)).naming(FIRST)
    assert len(log.outcomes) == MOST_LESSONS
    assert log.of("s/0", "10").version == FIRST
    with pytest.raises(NotFoundError, match="no longer known"):
        log.of("s/0", "9")
    assert len(lesson_log.encode(log)) < 40 * MOST_LESSONS


def test_record_that_was_passed_over_was_set_aside() -> None:
    log = LessonLog().followed_by([Outcome("s/0", "5", b"k", FIRST), Outcome("s/0", "8", b"l", FIRST)], "s/0", "8")
    assert log.of("s/0", "6").refused is not None


def test_positions_are_compared_as_numbers_and_of_the_latest_shards_only() -> None:
    log = LessonLog()
    for number in range(MOST_SHARDS + 5):
        log = log.followed_by([], f"s/{number}", "100")
    assert len(log.read) == MOST_SHARDS
    assert has_read(log.read, f"s/{MOST_SHARDS}", "99")
    assert not has_read(log.read, f"s/{MOST_SHARDS}", "101")
    assert not has_read(log.read, "s/0", "1")  # the oldest
    assert not has_read({}, "s/0", "0")


@BROAD
@given(data=st.binary(max_size=300))
def test_anything_else_is_damaged(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        lesson_log.decode(data)


@BROAD
@given(data=st.data())
def test_damaged_log_is_noticed_or_is_a_log(data: st.DataObject) -> None:
    body = bytearray(lesson_log.encode(LessonLog({"s/0": "9"}, tuple(outcomes(0, 10)))))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        log = lesson_log.decode(bytes(body[: data.draw(st.integers(0, len(body)))]))
        assert all(outcome.sequence.isdecimal() for outcome in log.outcomes)
    except ValueError as error:
        assert str(error)


def test_newest_log_that_can_be_read_is_found() -> None:
    store = MemoryStore()
    files = LessonLogFiles(store, "m")
    assert files.newest() is None
    log = LessonLog({"s/0": "9"})
    files.write(FIRST, log)
    damaged = f"weights/m/{FIRST.replace('2026', '2027')}.lessons"
    store.put(damaged, b"damaged")
    store.put("weights/m/other.lessons", b"")
    assert files.newest() == (FIRST, log)
    with pytest.raises(CorruptDataError, match="2027"):
        files.load(FIRST.replace("2026", "2027"))
