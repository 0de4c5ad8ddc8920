"""One suite for the store in memory, on moto's S3 in process and on moto's server; then what only S3 can do: fail."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from functions import aws
from functions.errors import ConflictError, NotFoundError, UnavailableError
from functions.storage import s3
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from functions.storage.store import Store


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the address of moto's server."""
    running = ThreadedMotoServer(port=0, verbose=False)
    running.start()
    yield "http://{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture
def served(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    """Return an empty bucket on moto's server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server)
    requests.post(f"{server}/moto-api/reset", timeout=30)
    over_http = aws.client("s3")
    over_http.create_bucket(Bucket="scrawl-test-server")
    yield S3Store(over_http, "scrawl-test-server")
    over_http.close()


@pytest.fixture(params=["memory", "in process", "server"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    return request.getfixturevalue("empty_bucket" if request.param == "in process" else "served")


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


def test_many_are_deleted_at_once_and_others_stay(store: Store) -> None:
    for key in ("a", "b/c", "d e", "f"):
        store.put(key, b"")
    store.delete("a", "b/c", "d e", "never there")
    store.delete()
    assert store.keys("") == ["f"]


def test_more_are_deleted_than_one_call_takes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_MOST_PER_CALL", 2)
    for key in "abcdefg":
        store.put(key, b"")
    store.delete(*"abcde")
    assert store.keys("") == ["f", "g"]


def test_bytes_and_keys_of_any_kind_come_back(store: Store) -> None:
    everything = bytes(range(256)) * 300
    for key in ("weights/a-b_c.json", "ümlaut ☃", "a+b&c=d"):
        store.put(key, everything, content_type="application/json")
        assert store.get(key).body == everything
    store.put("empty", b"")
    assert store.get("empty").body == b""


def test_of_many_guarded_writes_one_after_the_other_each_counts(store: Store) -> None:
    etag = store.put("counter", b"0")
    for number in range(1, 5):
        assert store.get("counter").etag == etag
        etag = store.put("counter", b"%d" % number, if_match=etag)
    assert store.get("counter").body == b"4"


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
    for method in ("get_object", "put_object", "delete_objects", "list_objects_v2"):
        stubber.add_client_error(method, code)
    for action in (store.get, lambda key: store.put(key, b""), store.delete, store.keys):
        with pytest.raises(UnavailableError, match="'some/key'"):
            action("some/key")


@pytest.mark.parametrize("code", ["SlowDown", "InternalError"])
def test_part_of_a_deletion_that_fails_is_unavailable(stubbed: Any, code: str) -> None:
    store, stubber = stubbed
    stubber.add_response("delete_objects", {"Errors": [{"Key": "b", "Code": code, "Message": ""}]})
    with pytest.raises(UnavailableError, match=f"'b': {code}"):
        store.delete("a", "b")


def test_keys_are_those_of_all_pages(stubbed: Any) -> None:
    store, stubber = stubbed
    page = {"Contents": [{"Key": "k/1"}], "IsTruncated": True, "NextContinuationToken": "t"}
    stubber.add_response("list_objects_v2", page, {"Bucket": "b", "Prefix": "k/"})
    second = {"Bucket": "b", "Prefix": "k/", "ContinuationToken": "t"}
    stubber.add_response("list_objects_v2", {"Contents": [{"Key": "k/2"}]}, second)
    assert store.keys("k/") == ["k/1", "k/2"]


class Wire:
    """What stands where botocore sends its requests: each is answered by the next in the list, or fails with it."""

    def __init__(self, *answers: Exception | tuple[int, str, bytes]) -> None:
        self.answers = list(answers)
        self.sent = 0

    def __call__(self, request: Any, **_: object) -> AWSResponse:
        self.sent += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, code, body = answer
        content = body or f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
        raw = io.BytesIO(content)
        raw.stream = lambda: iter([content])  # type: ignore[attr-defined]
        return AWSResponse(request.url, status, {"ETag": '"1"'}, raw)


def wired(*answers: Exception | tuple[int, str, bytes]) -> tuple[S3Store, Wire]:
    """Return a store whose botocore, with its retries and timeouts, is real down to the wire."""
    over_wire, wire = aws.client("s3"), Wire(*answers)
    over_wire.meta.events.register("before-send.s3", wire)
    return S3Store(over_wire, "b"), wire


SLOW_DOWN = (503, "SlowDown", b"")
TIMEOUT = ReadTimeoutError(endpoint_url="s3")


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("failure", [SLOW_DOWN, (500, "InternalError", b"")])
def test_failing_request_is_sent_again_and_at_last_given_up(failure: tuple[int, str, bytes]) -> None:
    store, wire = wired(failure, failure, (200, "", b"body"))
    assert store.get("k").body == b"body"
    assert wire.sent == 3
    store, wire = wired(failure, failure, failure)
    with pytest.raises(UnavailableError, match="'k'"):
        store.put("k", b"")
    assert wire.sent == 3


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(
    "failure", [TIMEOUT, EndpointConnectionError(endpoint_url="s3"), ConnectionClosedError(endpoint_url="s3")]
)
def test_connection_that_fails_is_unavailable(failure: Exception) -> None:
    for action in (lambda store: store.get("k"), lambda store: store.put("k", b""), lambda store: store.keys("k")):
        store, _ = wired(*[failure] * 3)
        with pytest.raises(UnavailableError, match="'k'"):
            action(store)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(("status", "code"), [(409, "ConditionalRequestConflict"), (412, "PreconditionFailed")])
def test_lost_race_is_a_conflict_and_not_sent_again(status: int, code: str) -> None:
    store, wire = wired((status, code, b""))
    with pytest.raises(ConflictError):
        store.put("k", b"", if_match='"1"')
    assert wire.sent == 1


def test_truncated_answer_is_unavailable(stubbed: Any) -> None:
    store, stubber = stubbed
    body = StreamingBody(io.BytesIO(b"half"), 8)
    stubber.add_response("get_object", {"Body": body, "ETag": '"1"'})
    with pytest.raises(UnavailableError, match="'k'"):
        store.get("k")
