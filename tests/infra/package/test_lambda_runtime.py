"""The Lambda package under AWS's own runtime client, in an interpreter with nothing else, over a bucket on moto.

The events are API Gateway's and Kinesis'. What the answers should be is tested elsewhere; here it is whether anything
is missing from the package, and whether events and answers survive the way through the runtime.
"""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from PIL import Image

from functions import aws
from functions.dataset.shards import Digits
from functions.jobs.jobs import JobsRepository
from functions.lessons.lesson import key_of
from functions.lessons.records import Record
from functions.models.averaging import Update
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from functions.weights.safetensors import encode
from infra.dataset.sources import DigitSplits
from tests.conftest import copy
from tests.support.api import BUCKET
from tests.support.aws.api_gateway import JSON, TOKEN, authorized, content, event
from tests.support.launchers import IdleLauncher
from tests.support.lesson_streams import MemoryStream
from tests.support.lesson_streams import event as lesson_event
from tests.support.servers.lambda_process import LambdaError, LambdaProcess, runtime_folder

SETTINGS = {
    "SCRAWL_BUCKET": BUCKET,
    "SCRAWL_STAGE": "prod",
    "SCRAWL_WRITE_TOKEN": TOKEN,
    "SCRAWL_API_PREFIX": "/api",
    "TRAIN_ITER": "20",
}
ONE = json.dumps({"data": [{"target": 1, "image": [0.0] * 784}]}).encode()  # a lesson


@pytest.fixture(scope="module")
def runtime() -> Iterator[Path]:
    """Return a folder with AWS's runtime client."""
    with runtime_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def bucket(seeded: MemoryStore) -> Iterator[S3Store]:
    """Run moto's server with a seeded bucket; the environment names it."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", "http://{}:{}".format(*server.get_host_and_port()))
        client = aws.client("s3")
        client.create_bucket(Bucket=BUCKET)
        store = S3Store(client, BUCKET)
        copy(seeded, store)
        yield store
    server.stop()


@pytest.fixture(scope="module")
def settings(bucket: S3Store) -> dict[str, str]:
    """Return the environment that the stack gives its functions."""
    return SETTINGS | {"AWS_ENDPOINT_URL_S3": bucket._s3.meta.endpoint_url}


@pytest.fixture(scope="module")
def api(package: Path, runtime: Path, settings: dict[str, str]) -> Iterator[LambdaProcess]:
    """Run the API's function."""
    process = LambdaProcess(package / "unpacked", runtime, handler(package, "APIHandler"), settings)
    yield process
    process.stop()


def handler(package: Path, resource: str) -> str:
    """Return what Lambda is to call of a function."""
    properties = json.loads((package / "sam.json").read_text())["Resources"][resource]["Properties"]
    return str(properties["Handler"])


def ask(api: LambdaProcess, *request: Any, **more: Any) -> dict[str, Any]:
    """Return the answer to a request; see `event`."""
    answer: dict[str, Any] = api.invoke(event(*request, **more))
    return answer


def test_digits_are_read_from_numbers_and_from_pictures(api: LambdaProcess, digits: DigitSplits) -> None:
    test = digits.splits["test"]
    tensor = json.dumps({"tensor": (test.pixels[0] / 255).tolist()}).encode()
    picture = io.BytesIO()
    Image.fromarray(255 - test.pixels[0].reshape(28, 28)).resize((200, 200)).save(picture, "JPEG")
    for body, media_type in ((tensor, JSON), (picture.getvalue(), "image/jpeg")):
        answer = ask(api, "POST", "/predict", body, {"content-type": media_type})
        assert answer["statusCode"] == 200, answer
        assert json.loads(content(answer))["label"] == int(test.labels[0])


def test_binary_answers_come_in_base64_with_their_media_type(api: LambdaProcess) -> None:
    wanted = {
        "application/octet-stream": ("POST", "/datablock", b'{"block": 5}', b"SCRB"),
        "image/png": ("GET", "/data", None, b"\x89PNG"),
        "application/vnd.safetensors": ("GET", "/weights?model=conv-32-64", None, b""),
    }
    for media_type, (method, path, body, start) in wanted.items():
        answer = ask(api, method, path, body, {"Accept": media_type})
        assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True), answer
        assert content(answer).startswith(start)
        assert answer["multiValueHeaders"].get("Content-Type", answer["headers"].get("Content-Type")) == media_type


def test_answers_are_compressed_for_those_who_take_it(api: LambdaProcess) -> None:
    headers = {"Accept-Encoding": "gzip, deflate, br"}
    answer = ask(api, "GET", "/datablock/train/0", None, headers, resource="/datablock/{split}/{index}")
    assert answer["headers"]["Content-Encoding"] == "gzip"
    assert gzip.decompress(content(answer)).startswith(b"SCRB")
    answer = ask(api, "GET", "/openapi.json", None, headers)
    assert json.loads(gzip.decompress(content(answer)))["openapi"]


def test_bodies_come_as_text_in_base64_and_in_gzip(api: LambdaProcess) -> None:
    """Without binary types, API Gateway passes text on as it is."""
    headers = authorized(content_type=JSON)
    packed = headers | {"content-encoding": "gzip"}
    for body, sent, text in ((ONE, headers, False), (ONE, headers, True), (gzip.compress(ONE), packed, False)):
        answer = ask(api, "PATCH", "/weights", body, sent, text=text)
        assert answer["statusCode"] == 200, content(answer)


def test_a_request_without_headers_or_with_single_ones_only_is_answered(api: LambdaProcess) -> None:
    """The console's test button sends null for each list; some gateways send no lists of values."""
    bare = event("GET", "/data")
    assert (bare["headers"], bare["multiValueHeaders"]) == (None, None)
    single = event("GET", "/data?split=test", headers={"accept": "image/png"}, multi=False)
    for sent, media_type in ((bare, JSON), (single, "image/png")):
        answer = api.invoke(sent)
        assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, media_type), answer


def test_the_last_of_repeated_parameters_counts(api: LambdaProcess) -> None:
    assert ask(api, "GET", "/weights/history?limit=1&limit=x")["statusCode"] == 422
    assert ask(api, "GET", "/weights/history?limit=x&limit=1")["statusCode"] == 200


def test_bad_requests_get_errors_and_no_trace(api: LambdaProcess) -> None:
    bad = {
        400: event("POST", "/predict", b"{", authorized(content_type=JSON)),
        401: event("PATCH", "/weights", ONE, {"content-type": JSON}),
        404: event("GET", "/jobs/0123", headers={}, resource="/jobs/{job_id}"),
        406: event("GET", "/data", headers={"accept": "text/csv"}),
        415: event("POST", "/predict", b"a,b", {"content-type": "text/csv"}),
        422: event("POST", "/predict", b'{"tensor": [1]}', {"content-type": JSON}),
    }
    for status, sent in bad.items():
        answer = api.invoke(sent)
        assert answer["statusCode"] == status, answer
        assert json.loads(content(answer))["error"]["message"]
        assert b"Traceback" not in content(answer)


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PUT", "/predict"), ("HEAD", "/nowhere")])
def test_an_unknown_route_or_method_is_no_failure_of_the_function(api: LambdaProcess, method: str, path: str) -> None:
    answer = ask(api, method, path, None, {"accept": "*/*"})
    assert 400 <= answer["statusCode"] < 500, answer


def test_the_function_is_ready(api: LambdaProcess) -> None:
    assert ask(api, "GET", "/v2/health/ready")["statusCode"] == 200


def test_the_retraining_lambda_trains_also_after_an_event_that_it_failed_at(
    package: Path, runtime: Path, bucket: S3Store, settings: dict[str, str]
) -> None:
    job = JobsRepository(bucket).start("mlp-128", 20)
    process = LambdaProcess(package / "unpacked", runtime, handler(package, "Retrain"), settings)
    with pytest.raises(LambdaError, match="KeyError"):
        process.invoke({})
    done = process.invoke({"job": job.id}, 900)
    process.stop()
    assert (done["state"], done["iteration"]) == ("done", 20), done.get("error")


def teach(bucket: S3Store, stream: MemoryStream) -> None:
    """Put lessons, a large update of a room, and what is neither on a stream, as the API does."""
    service = Service(Settings(BUCKET), bucket, IdleLauncher(), stream=stream)
    model, inbox = service.model("mlp-128-64"), service.inbox
    assert inbox is not None
    digits = Digits.of(service.dataset.first("train", 3))
    for place in (0, 1, 2, 1):
        one = Digits(digits.images[place : place + 1], digits.labels[place : place + 1])
        inbox.hand_in(model, one, 0.001, key_of(f"lesson-{place}"))
    room, _ = service.open_room(model, 1, new=False)
    change = {name: 1e-5 * tensor for name, tensor in model.weights.current().tensors.items()}
    inbox.hand_in_update(model, Update({}, room.first, 64, "p", "update"), encode(change, {}), room.name)
    stream.put(b"no lesson", "mlp-128-64")


def learned(bucket: S3Store) -> tuple[int, int]:
    """Return how many lessons the shared weights hold, and how many samples came from updates of rooms."""
    shared = Service(Settings(BUCKET), bucket, IdleLauncher()).model("mlp-128-64").weights.history().versions
    pointers = [key for key in bucket.keys("rooms/") if key.endswith("current.json")]
    rooms = [json.loads(bucket.get(key).body) for key in pointers]
    samples = [one[3] for pointer in rooms for one in pointer["contributions"]]
    return sum(entry.lessons for entry in shared), sum(samples)


def test_the_learning_lambda_fails_as_a_whole_and_learns_each_lesson_once_when_its_batch_comes_again(
    package: Path, runtime: Path, bucket: S3Store, settings: dict[str, str]
) -> None:
    """Lambda repeats a batch that failed, in halves; the function answers nothing, so no part counts as done."""
    stream = MemoryStream()
    teach(bucket, stream)
    before = learned(bucket)
    away = settings | {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}  # where nothing listens
    process = LambdaProcess(package / "unpacked", runtime, handler(package, "Learn"), away)
    with pytest.raises(LambdaError, match="UnavailableError"):
        process.invoke(lesson_event(stream.records))
    process.stop()
    assert learned(bucket) == before
    process = LambdaProcess(package / "unpacked", runtime, handler(package, "Learn"), settings)
    with pytest.raises(LambdaError, match="FormatError: not an event of Kinesis"):
        process.invoke({"Records": [{"eventID": "x"}]})
    half = len(stream.records) // 2
    for records in (stream.records[:half], stream.records[half:], stream.records):
        assert process.invoke(lesson_event(records)) is None
    process.stop()
    assert learned(bucket) == (before[0] + 3, before[1] + 64)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SCRAWL_WRITE_TOKEN": ""}, "SettingsError: SCRAWL_WRITE_TOKEN must be set"),
        ({"SCRAWL_BUCKET": ""}, "SettingsError: SCRAWL_BUCKET must be set"),
        ({"TRAIN_ITER": "many"}, "SettingsError: TRAIN_ITER must be a whole number"),
    ],
)
def test_a_function_that_cannot_start_tells_lambda_why(
    package: Path, runtime: Path, settings: dict[str, str], changed: dict[str, str], said: str
) -> None:
    with pytest.raises(LambdaError, match=said):
        LambdaProcess(package / "unpacked", runtime, handler(package, "APIHandler"), settings | changed)


def test_learning_lambda_that_lacks_a_setting_fails_at_each_batch_so_that_lambda_keeps_it(
    package: Path, runtime: Path, settings: dict[str, str]
) -> None:
    lacking = settings | {"SCRAWL_BUCKET": ""}
    process = LambdaProcess(package / "unpacked", runtime, handler(package, "Learn"), lacking)
    for _ in range(2):
        with pytest.raises(LambdaError, match="SettingsError: SCRAWL_BUCKET must be set"):
            process.invoke(lesson_event([Record("1", b"")]))
    process.stop()
