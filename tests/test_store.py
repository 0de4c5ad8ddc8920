"""One suite for both stores, in memory and on S3; then what only S3 can do: fail."""

import io
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from functions import s3
from functions.errors import ConflictError, NotFoundError, UnavailableError
from functions.s3 import LambdaLauncher, S3Store
from functions.store import MemoryStore, Store


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    return MemoryStore() if request.param == "memory" else request.getfixturevalue("empty_bucket")


def test_what_is_put_is_got(store: Store) -> None:
    etag = store.put("a/b", b"first")
    assert store.get("a/b").body == b"first"
    assert store.get("a/b").etag == etag


def test_replacing_changes_the_etag(store: Store) -> None:
    assert store.put("k", b"one") != store.put("k", b"two")
    assert store.get("k").body == b"two"


def test_missing_object_is_named(store: Store) -> None:
    with pytest.raises(NotFoundError, match="'no/such'"):
        store.get("no/such")
    with pytest.raises(NotFoundError, match="'no/such'"):
        store.start("no/such", 10)


def test_start_is_cut_off(store: Store) -> None:
    store.put("k", b"0123456789")
    assert store.start("k", 4) == b"0123"
    assert store.start("k", 400) == b"0123456789"


def test_only_one_of_two_creations_succeeds(store: Store) -> None:
    store.put("k", b"one", if_absent=True)
    with pytest.raises(ConflictError, match="'k'"):
        store.put("k", b"two", if_absent=True)
    assert store.get("k").body == b"one"


def test_replacement_is_guarded_by_the_etag(store: Store) -> None:
    first = store.put("k", b"one")
    second = store.put("k", b"two", if_match=first)
    with pytest.raises(ConflictError, match="'k'"):
        store.put("k", b"three", if_match=first)
    assert store.get("k").body == b"two"
    store.put("k", b"three", if_match=second)


def test_guarded_replacement_of_nothing_is_a_conflict(store: Store) -> None:
    with pytest.raises(ConflictError, match="'k'"):
        store.put("k", b"one", if_match='"0123"')


def test_keys_are_those_of_the_prefix_sorted(store: Store) -> None:
    for key in ("b/2", "b/1", "a/1", "bb"):
        store.put(key, b"")
    assert store.keys("b/") == ["b/1", "b/2"]
    assert store.keys("") == ["a/1", "b/1", "b/2", "bb"]
    assert store.keys("c") == []


def test_deleting_twice_is_no_error(store: Store) -> None:
    store.put("k", b"one")
    store.delete("k")
    store.delete("k")
    assert store.keys("") == []


@pytest.fixture
def stubbed(s3_client: Any) -> Any:
    """Return a store whose S3 answers as the test says; moto never fails, and never answers 409."""
    with Stubber(s3_client) as stubber:
        yield S3Store(s3_client, "b"), stubber


def test_conflict_of_conditional_writes_is_a_conflict(stubbed: Any) -> None:
    store, stubber = stubbed
    stubber.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
    with pytest.raises(ConflictError):
        store.put("k", b"", if_match='"1"')


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "AccessDenied", "NoSuchBucket"])
def test_failing_s3_is_unavailable_and_the_object_named(stubbed: Any, code: str) -> None:
    store, stubber = stubbed
    for method in ("get_object", "put_object", "delete_object", "list_objects_v2"):
        stubber.add_client_error(method, code)
    for action in (store.get, lambda key: store.put(key, b""), store.delete, store.keys):
        with pytest.raises(UnavailableError, match="'some/key'"):
            action("some/key")


def test_truncated_answer_is_unavailable(stubbed: Any) -> None:
    store, stubber = stubbed
    body = StreamingBody(io.BytesIO(b"half"), 8)
    stubber.add_response("get_object", {"Body": body, "ETag": '"1"'})
    with pytest.raises(UnavailableError, match="'k'"):
        store.get("k")


def test_retraining_is_queued_in_the_lambda() -> None:
    client = s3.client("lambda")
    launcher = LambdaLauncher(client, "scrawl-prod-retrain")
    with Stubber(client) as stubber:
        expected = {"FunctionName": "scrawl-prod-retrain", "InvocationType": "Event", "Payload": b'{"job":"j-1"}'}
        stubber.add_response("invoke", {"StatusCode": 202}, expected)
        launcher.start("j-1", run=pytest.fail)
        stubber.assert_no_pending_responses()
        stubber.add_client_error("invoke", "TooManyRequestsException")
        with pytest.raises(UnavailableError, match="could not be started"):
            launcher.start("j-1", run=pytest.fail)
