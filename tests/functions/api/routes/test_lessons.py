"""PATCH /weights and POST /weights/updates on a server with a stream, and GET /lessons/{id}."""

from collections.abc import Iterator

import numpy as np
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from chalice.test import HTTPResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions import wiring
from functions.api.negotiation import LONGEST_WAIT, preferred_wait
from functions.dataset import block
from functions.dataset.block import Block
from functions.lessons.kinesis import KinesisStream
from functions.lessons.lesson import LessonId
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from tests.support.api import Api
from tests.support.launchers import IdleLauncher
from tests.support.lesson_streams import SHARD, MemoryStream
from tests.support.weights_bodies import OCTETS, SAFETENSORS, SHAPES, as_json, lesson, sent

TYPED = {"Content-Type": OCTETS}
PATH = "/weights?learning_rate=0.001"
BROAD = settings(
    deadline=None, derandomize=True, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class AttentiveStream(MemoryStream):
    """A stream whose consumer learns each lesson at once, if it is awake."""

    awake = False
    service: Service

    def put(self, record: bytes, partition: str) -> LessonId:
        """Append a record."""
        sent = super().put(record, partition)
        if self.awake:
            self.service.learner.learn(SHARD, self.records)
        return sent


@pytest.fixture
def stream() -> AttentiveStream:
    return AttentiveStream()


@pytest.fixture
def streamed(memory: MemoryStore, stream: AttentiveStream) -> Iterator[Api]:
    """Return the API of a server with a stream."""
    stream.service = Service(Settings("b", api_prefix="/api"), memory, IdleLauncher(), stream=stream)
    wiring.use(stream.service)
    yield Api(stream.service)
    wiring.use(None)


def body(api: Api) -> bytes:
    return block.encode(lesson(api))


def test_lesson_waits_and_then_is_learned(streamed: Api, stream: AttentiveStream) -> None:
    before = streamed.version
    handed_in = streamed("PATCH", PATH, body=as_json(lesson(streamed)), headers={"Idempotency-Key": "one"})
    assert (handed_in.status_code, handed_in.json_body["lesson"]["state"]) == (202, "waiting")
    assert handed_in.headers["Location"] == f"/api/lessons/0-{stream.records[0].sequence}?model=mlp-128"
    assert handed_in.headers["Retry-After"] == "1"
    place = handed_in.headers["Location"].removeprefix("/api")
    assert streamed("GET", place).json_body["lesson"]["state"] == "waiting"
    assert streamed.version == before
    stream.service.learner.learn(SHARD, stream.records)
    report = streamed("GET", place)
    assert report.json_body["lesson"]["state"] == "learned"
    assert report.json_body["lesson"]["version"] == streamed.version != before
    assert report.headers["Cache-Control"] == "no-store"
    newest = streamed("GET", "/weights/history").json_body["versions"][0]
    assert (newest["lessons"], newest["samples"], newest["source"]) == (1, 1, "patch")


def test_lesson_that_never_was_waits_until_later_ones_have_been_read(streamed: Api, stream: AttentiveStream) -> None:
    assert streamed("GET", "/lessons/0-0").json_body["lesson"]["state"] == "waiting"
    stream.awake = True
    assert streamed("PATCH", PATH, body=body(streamed), headers=TYPED).status_code == 202
    report = streamed("GET", "/lessons/0-0").json_body["lesson"]
    assert (report["state"], "never handed in" in report["reason"]) == ("refused", True)


def test_client_that_waits_gets_what_a_patch_without_a_stream_answers(streamed: Api, stream: AttentiveStream) -> None:
    stream.awake = True
    waited = streamed("PATCH", PATH, body=body(streamed), headers=TYPED | {"Prefer": "wait=10"})
    assert (waited.status_code, waited.headers["Preference-Applied"]) == (200, "wait=10")
    assert waited.headers["ETag"] == f'"{streamed.version}"'
    at_once = streamed("PATCH", PATH, body=body(streamed), headers=TYPED | {"If-Match": waited.headers["ETag"]})
    assert at_once.status_code == 200
    assert at_once.json_body.keys() == waited.json_body.keys()
    assert at_once.json_body["parent"] == waited.json_body["version"]
    assert len(stream.records) == 1  # with If-Match it does not go through the stream


def test_lesson_in_a_room_is_learned_at_once_and_there_alone(streamed: Api, stream: AttentiveStream) -> None:
    service, before = stream.service, streamed.version
    _, code = service.open_room(service.model("mlp-128"), 1, new=False)
    headers = TYPED | {"Authorization": f"Bearer {code}"}
    assert streamed("PATCH", PATH, body=body(streamed), headers=headers).status_code == 200
    assert (stream.records, streamed.version) == ([], before)


def test_refused_lesson_says_why(streamed: Api, stream: AttentiveStream) -> None:
    stream.awake = True
    right = lesson(streamed, 300)
    wrong = Block(9 - right.labels, right.pixels)
    answer = streamed("PATCH", "/weights?learning_rate=1", body=block.encode(wrong), headers=TYPED)
    assert answer.status_code == 202
    report = streamed("GET", answer.headers["Location"].removeprefix("/api")).json_body["lesson"]
    assert (report["state"], report["version"]) == ("refused", None)
    assert "test digits" in report["reason"]
    headers = TYPED | {"Prefer": "wait=5"}
    waited = streamed("PATCH", "/weights?learning_rate=1", body=block.encode(wrong), headers=headers)
    assert (waited.status_code, waited.json_body["error"]["message"]) == (422, report["reason"])


@pytest.mark.parametrize("key", ["x" * 129, "a b", "\x7f", '""'])
def test_odd_key_is_refused_and_nothing_is_handed_in(streamed: Api, stream: AttentiveStream, key: str) -> None:
    answer = streamed("PATCH", PATH, body=body(streamed), headers=TYPED | {"Idempotency-Key": key})
    assert (answer.status_code, answer.json_body["error"]["code"]) == (400, "malformed")
    assert stream.records == []


def test_body_is_checked_before_it_is_handed_in(streamed: Api, stream: AttentiveStream) -> None:
    assert streamed("PATCH", PATH, body=b"SCRB", headers=TYPED).status_code == 400
    assert streamed("PATCH", PATH, body={"data": []}).status_code == 422
    assert streamed("PATCH", "/weights?learning_rate=2", body=body(streamed), headers=TYPED).status_code == 422
    assert streamed("PATCH", "/weights?model=mlp-9", body=body(streamed), headers=TYPED).status_code == 404
    assert stream.records == []


@pytest.mark.parametrize("asked", ["nonsense", "0-", "-1", "0-01", "0-" + "9" * 200, "0-1?model=mlp-9"])
def test_unknown_lessons_are_not_found(streamed: Api, asked: str) -> None:
    assert streamed("GET", f"/lessons/{asked}").status_code == 404


def test_server_without_a_stream_has_no_lessons_and_learns_at_once(api: Api) -> None:
    answer = api("GET", "/lessons/0-1")
    assert (answer.status_code, "no stream" in answer.json_body["error"]["message"]) == (404, True)
    headers = TYPED | {"Prefer": "wait=1", "Idempotency-Key": "a b"}  # are for streams
    assert api("PATCH", PATH, body=body(api), headers=headers).status_code == 200


class FailingClient:
    """A client of Kinesis whose calls fail."""

    def __init__(self, code: str | None) -> None:
        self._code = code

    def put_record(self, **_: object) -> object:
        """Fail."""
        if self._code is None:
            raise EndpointConnectionError(endpoint_url="https://kinesis.example")
        raise ClientError({"Error": {"Code": self._code, "Message": "m"}}, "PutRecord")


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("ProvisionedThroughputExceededException", 429, "too_many_requests"),
        ("ResourceNotFoundException", 503, "unavailable"),
        ("InternalFailure", 503, "unavailable"),
        (None, 503, "unavailable"),
    ],
)
def test_stream_that_is_full_or_away_says_when_to_come_back(
    memory: MemoryStore, code: str | None, status: int, said: str
) -> None:
    stream = KinesisStream("s", lambda: FailingClient(code))
    service = Service(Settings("b"), memory, IdleLauncher(), stream=stream)
    wiring.use(service)
    try:
        answer = Api(service)("PATCH", PATH, body=body(Api(service)), headers=TYPED)
    finally:
        wiring.use(None)
    assert (answer.status_code, answer.json_body["error"]["code"]) == (status, said)
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("", 0),
        ("wait=10", 10),
        ('respond-async, WAIT="7"; x=1', 7),
        ("wait=100", LONGEST_WAIT),
        ("wait=-1, wait", 0),
        ("wait=soon", 0),
        ("wait=1e3", 0),
        ("wait=" + "9" * 5000, 0),
        ("wait=٣", 0),
    ],
)
def test_prefer_is_read_where_it_says_how_long_to_wait(prefer: str, seconds: int) -> None:
    assert preferred_wait(prefer) == seconds


@BROAD
@given(prefer=st.text(max_size=60) | st.text(alphabet='wait=;, "0123456789', max_size=20))
def test_whatever_is_preferred_the_wait_is_within_bounds(prefer: str) -> None:
    assert 0 <= preferred_wait(prefer) <= LONGEST_WAIT


@BROAD
@given(key=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=140))
def test_whatever_the_key_is_the_answer_is_honest(streamed: Api, key: str) -> None:
    answer = streamed("PATCH", PATH, body=body(streamed), headers=TYPED | {"Idempotency-Key": key})
    assert answer.status_code in (202, 400)


def handed_in(api: Api, key: str = "k", code: str = "", base: str = "", **headers: str) -> HTTPResponse:
    """Send an update that does no harm."""
    said = headers | ({"Authorization": f"Bearer {code}"} if code else {})
    start = base or str(api("GET", "/weights/updates", headers=said).json_body["version"])
    change = sent({name: np.full(shape, 1e-6, np.float32) for name, shape in SHAPES.items()})
    path = f"/weights/updates?base={start}&samples=50&participant=p"
    return api("POST", path, body=change, headers={"Content-Type": SAFETENSORS, "Idempotency-Key": key} | said)


def test_update_waits_and_then_is_averaged_in(streamed: Api, stream: AttentiveStream) -> None:
    before = streamed.version
    answer = handed_in(streamed)
    assert (answer.status_code, answer.json_body["lesson"]["state"]) == (202, "waiting")
    assert (answer.headers["Retry-After"], streamed.version) == ("1", before)
    stream.service.learner.learn(SHARD, stream.records)
    report = streamed("GET", answer.headers["Location"].removeprefix("/api")).json_body["lesson"]
    assert (report["state"], report["version"], report["weight"]) == ("learned", streamed.version, 1.0)
    again = handed_in(streamed, base=before)
    assert (again.status_code, again.json_body["weight"]) == (200, None)
    assert again.json_body["version"] == streamed.version
    assert len(stream.records) == 1


def test_update_whose_sender_waits_is_answered_as_without_a_stream(streamed: Api, stream: AttentiveStream) -> None:
    stream.awake = True
    answer = handed_in(streamed, Prefer="wait=10")
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (201, "wait=10")
    assert (answer.json_body["weight"], answer.json_body["participants"]) == (1.0, 1)
    assert answer.headers["ETag"] == f'"{streamed.version}"'
    assert streamed("GET", "/weights/history").json_body["versions"][0]["source"] == "update"


def test_update_of_a_room_goes_through_the_stream_to_the_room_alone(streamed: Api, stream: AttentiveStream) -> None:
    shared, opened = streamed.version, streamed("POST", "/rooms", body={}).json_body
    answer = handed_in(streamed, code=opened["code"])
    assert answer.status_code == 202
    letters = opened["code"].replace("-", "").encode()
    assert letters not in stream.records[0].data
    place = answer.headers["Location"].removeprefix("/api")
    code = {"Authorization": f"Bearer {opened['code']}"}
    assert streamed("GET", place, headers=code).json_body["lesson"]["state"] == "waiting"
    stream.service.learner.learn(SHARD, stream.records)
    assert streamed("GET", place, headers=code).json_body["lesson"]["state"] == "learned"
    assert streamed("GET", place).json_body["lesson"]["state"] == "waiting"  # it never came to the shared weights
    assert streamed.version == shared


def test_update_that_starts_from_old_weights_is_refused_before_it_is_handed_in(
    streamed: Api, stream: AttentiveStream
) -> None:
    answer = handed_in(streamed, base="20200101T000000000-00000000")
    assert (answer.status_code, "take its weights" in answer.json_body["error"]["message"]) == (412, True)
    assert stream.records == []
