"""Events as Kinesis' event source mapping makes them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.errors import FormatError
from functions.lessons.records import Record, read_event, shard_number
from tests.support.lesson_streams import SHARD, event

BROAD = settings(deadline=None, derandomize=True)  # no deadline: the machine may be busy

_json = st.recursive(
    st.none() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
)
_fields = ("Records", "eventSourceARN", "eventID", "kinesis", "data")


def test_records_come_in_order_by_shard() -> None:
    records = [Record("1", b"a"), Record("12", b"\0\xff")]
    assert read_event(event(records)) == {SHARD: records}
    assert shard_number("shardId-000000000000") == "0"
    assert shard_number("shardId-000000000120") == "120"


@BROAD
@given(value=_json | st.dictionaries(st.sampled_from(_fields), _json))
def test_anything_else_is_refused(value: Any) -> None:
    try:
        assert read_event(value) == {}
    except FormatError as error:
        assert str(error)


@BROAD
@given(name=st.sampled_from(["eventSourceARN", "eventID", "kinesis"]), value=_json)
def test_damaged_record_is_refused_or_read(name: str, value: Any) -> None:
    damaged = event([Record("1", b"a")])
    damaged["Records"][0][name] = value
    try:
        read_event(damaged)
    except FormatError as error:
        assert str(error)


@pytest.mark.parametrize("shard", ["", "shardId-", "0", "shardId-x", "shardId-" + "1" * 13])
def test_no_shard(shard: str) -> None:
    with pytest.raises(FormatError, match="shardId-000000000003"):
        shard_number(shard)
