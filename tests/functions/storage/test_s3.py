"""What only S3 can do: answer in pages, fail, be slow, lose a race or an answer."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from functions import aws
from functions.errors import ConflictError, UnavailableError
from functions.storage.s3 import S3Store
from functions.storage.store import Store


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
    actions: tuple[Callable[[Store], object], ...] = (
        lambda store: store.get("k"),
        lambda store: store.put("k", b""),
        lambda store: store.keys("k"),
    )
    for action in actions:
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
