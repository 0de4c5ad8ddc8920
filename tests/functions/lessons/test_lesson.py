"""Lessons as records, their keys and their ids: what is written is read, and nothing else is taken for a lesson."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.dataset import block
from functions.dataset.shards import Digits
from functions.errors import FormatError, NotFoundError
from functions.lessons import lesson
from functions.lessons.lesson import Lesson, LessonId, key_of, parse_id

BROAD = settings(deadline=None, derandomize=True)  # no deadline: the machine may be busy

ONE = Lesson("mlp-128", bytes(16), 0.01, b"block")


@BROAD
@given(model=st.sampled_from(["mlp-128", "conv-32-64"]), key=st.binary(min_size=16, max_size=16), body=st.binary())
def test_what_is_written_is_read(model: str, key: bytes, body: bytes) -> None:
    sent = Lesson(model, key, 0.5, body)
    assert lesson.decode(lesson.encode(sent)) == sent


@BROAD
@given(
    record=st.binary(max_size=300)
    | st.recursive(st.none() | st.integers(0, 99) | st.text(), st.lists).map(
        lambda value: msgspec.msgpack.encode(value)
    )
)
def test_anything_else_is_refused(record: bytes) -> None:
    with pytest.raises(FormatError):
        lesson.decode(record)


@pytest.mark.parametrize(
    "wrong", [Lesson("../x", bytes(16), 0.1, b""), Lesson("mlp-128", b"short", 0.1, b""), "mlp-128", {"model": 1}]
)
def test_record_with_a_wrong_part_is_refused(wrong: object) -> None:
    with pytest.raises(FormatError):
        lesson.decode(msgspec.msgpack.encode(wrong))


@BROAD
@given(text=st.text(max_size=200))
def test_ids_are_read_as_they_are_written_and_nothing_else_is_one(text: str) -> None:
    try:
        assert str(parse_id(text)) == text
    except NotFoundError as error:
        assert len(str(error)) < 400
    assert parse_id("3-" + "9" * 56) == LessonId("3", "9" * 56)


@pytest.mark.parametrize("text", ["", "-", "1", "0-", "0-01", "00-1", "0-1-2", "x-1", "0-" + "9" * 129, "0-1\n"])
def test_no_id(text: str) -> None:
    with pytest.raises(NotFoundError, match="ids are like"):
        parse_id(text)


def test_keys_may_stand_in_quotes_and_differ_without_one() -> None:
    assert key_of('"8e03978e"') == key_of("8e03978e") != key_of("other")
    assert key_of(None) != key_of(None)
    assert len(key_of("x")) == len(key_of(None)) == 16


@pytest.mark.parametrize("key", ["", " ", '""', "a b", "é", "x" * 129, "a\tb"])
def test_key_that_is_too_long_or_odd_is_refused(key: str) -> None:
    with pytest.raises(FormatError, match="1 to 128 visible ASCII"):
        key_of(key)


def test_digits_are_rounded_as_in_a_block() -> None:
    images = np.linspace(0, 1, 784, dtype=np.float32)[None]
    read = block.decode(lesson.as_block(Digits(images, np.array([7]))))
    assert read.labels.tolist() == [7]
    np.testing.assert_allclose(read.images(), images, atol=0.5 / 255 + 1e-6)
