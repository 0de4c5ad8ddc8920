"""What holds for every route: the errors' shape, CORS, threads, and that nothing of the inside is shown."""

import base64
import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from chalice.config import Config
from chalice.local import LocalGateway

from functions import wiring
from functions.api.negotiation import quality
from functions.app import app
from functions.errors import UnavailableError
from functions.storage.memory import MemoryStore
from functions.telemetry import metrics
from tests.support.api import Api, serving


def gateway() -> LocalGateway:
    return LocalGateway(app, Config.create())


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/weights"), ("GET", "/predict"), ("POST", "/data"), ("DELETE", "/datablock/train/0")],
)
def test_wrong_method_has_the_shape_of_all_errors(api: Api, method: str, path: str) -> None:
    answer = api(method, path)
    assert answer.status_code == 405
    assert answer.json_body == {"error": {"code": "method_not_allowed", "message": f"Unsupported method: {method}"}}
    assert method not in answer.headers["Allow"]


def test_each_route_that_answers_get_answers_head_with_the_headers_alone(api: Api) -> None:
    reading = [path for path, methods in app.routes.items() if "GET" in methods]
    assert all("HEAD" in app.routes[path] for path in reading)
    for path in ("/weights", "/openapi.json", "/weights?model=none", "/datablock/train/0"):
        get, head = (api(method, path, headers={"Accept-Encoding": "gzip"}) for method in ("GET", "HEAD"))
        length = {"Content-Length": str(len(get.body))}
        assert (head.status_code, head.headers, head.body) == (get.status_code, get.headers | length, b"")


def test_behind_cloudfront_nothing_is_answered_without_its_secret(memory: MemoryStore) -> None:
    with serving(memory, origin_secret="cloudfront's") as api:
        for path in ("/data", "/v2/health/live", "/nothing"):
            for headers in ({}, {"X-Api-Key": "another"}, {"X-Api-Key": "cloudfront\u2019s"}):
                refused = api("GET", path, headers=headers)
                if path != "/nothing":  # which is no route
                    assert refused.status_code == 403
                    assert "CloudFront only" in str(refused.json_body["error"])
        assert api("GET", "/data", headers={"X-Api-Key": "cloudfront's"}).status_code == 200


def test_head_is_measured_as_get(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(metrics, "observe", lambda route, *_: seen.append(route))
    for method in ("GET", "HEAD"):
        api(method, "/data")
    assert seen == ["GET /data"] * 2


def test_unforeseen_error_shows_nothing_of_the_inside(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("scrawl"), "propagate", True)
    monkeypatch.setattr(api.service.dataset, "sample", lambda *_: 1 / 0)
    answer = api("GET", "/data")
    assert answer.status_code == 500
    assert answer.json_body == {
        "error": {"code": "internal", "message": "something went wrong here; it has been logged"}
    }
    assert "ZeroDivisionError" in caplog.text


def test_unavailable_store_is_answered_with_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise UnavailableError("the store failed at 'x'")

    monkeypatch.setattr(api.service._store, "get", away)
    for method, path in (
        ("GET", "/"),
        ("GET", "/data"),
        ("GET", "/weights"),
        ("GET", "/jobs/m-" + "0" * 17 + "-" + "0" * 8),
    ):
        answer = api(method, path)
        assert answer.status_code == 503
        assert answer.json_body["error"]["code"] == "unavailable"
        assert int(answer.headers["Retry-After"]) > 0


def test_pages_elsewhere_may_use_the_api(api: Api) -> None:
    for path in ("/data", "/weights?model=x"):
        headers = api("GET", path).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "ETag" in headers["Access-Control-Expose-Headers"]
    preflight = gateway().handle_request("OPTIONS", "/weights", {}, None)
    assert preflight["statusCode"] == 200
    assert "If-Match" in preflight["headers"]["Access-Control-Allow-Headers"]
    assert "PATCH" in preflight["headers"]["Access-Control-Allow-Methods"]


def test_client_that_says_nothing_of_formats_gets_one(api: Api) -> None:
    assert api("GET", "/datablock/train/0").status_code == 200
    assert api("GET", "/weights").headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", 1.0),
        ("image/png", 1.0),
        ("image/*;q=0.4", 0.4),
        ("*/*;q=0.1, image/*;q=0.4, image/png;q=0.3", 0.3),
        ("IMAGE/PNG ; Q=0.5", 0.5),
        ("image/png;q=0", 0.0),
        ("image/png;q=abc", 0.0),
        ("image/png;level=1", 1.0),
        ("text/html", 0.0),
        ("", 0.0),
        (";;,,", 0.0),
    ],
)
def test_quality_of_a_format(accept: str, expected: float) -> None:
    assert quality(accept, "image/png") == expected


@pytest.mark.usefixtures("api")
def test_requests_at_once_do_not_mix() -> None:
    """Chalice keeps the current request in an attribute of the application, which threads share."""

    def ask(number: int) -> bool:
        block = number % 9 + 1
        event = {"content-type": "application/json", "accept": "application/json"}
        answer = gateway().handle_request("POST", "/datablock", event, json.dumps({"block": block}).encode())
        body = answer["body"]
        return len(json.loads(base64.b64decode(body))["data"]) == block

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))


def test_service_is_made_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "_service", None)
    monkeypatch.setenv("SCRAWL_BUCKET", "from-the-environment")
    monkeypatch.setenv("SCRAWL_RETRAIN_FUNCTION", "f")
    assert wiring.service() is wiring.service()
    assert wiring.service().settings.bucket == "from-the-environment"
    wiring.use(None)


def test_warming_up_prepares_the_first_prediction(api: Api) -> None:
    api.service.warm_up()
    model = api.service.model("mlp-128")
    assert model._served._loaded is not None
    assert model.serving() is model._served._loaded


@pytest.mark.parametrize("manifest", [b"{}", b'{"model": "\xff"}'])
def test_warming_up_an_empty_or_damaged_store_is_no_error(empty: MemoryStore, manifest: bytes) -> None:
    with serving(empty) as api:
        api.service.warm_up()
    empty.put("models/mlp-128/manifest.json", manifest)
    with serving(empty) as api:
        api.service.warm_up()
        answer = api("POST", "/predict", body={"tensor": [0] * 784})
    assert answer.status_code == 503
    assert "models/mlp-128/manifest.json is damaged" in answer.json_body["error"]["message"]
