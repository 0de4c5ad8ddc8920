"""GET /weights/history and POST /weights/rollback: what the weights were, and back to one of them."""

import numpy as np
import pytest

from functions.storage.memory import MemoryStore
from functions.storage.store import StoredObject
from functions.weights.versions import Version
from tests.support.api import Api, serving
from tests.support.weights_bodies import as_json, copied, lesson


def taught(api: Api, times: int) -> list[str]:
    """Teach so often; return the versions, the newest first."""
    answers = [api("PATCH", "/weights", body=as_json(lesson(api))) for _ in range(times)]
    return [answer.json_body["version"] for answer in reversed(answers)]


def test_history_shows_where_each_version_comes_from(api: Api, current: Version) -> None:
    newest, older = taught(api, 2)
    answer = api("GET", "/weights/history?model=mlp-128")
    assert answer.headers["Cache-Control"] == "no-cache"
    body = answer.json_body
    assert (body["model"], body["next"]) == ("mlp-128", None)
    assert [entry["version"] for entry in body["versions"]] == [newest, older, current.version]
    assert [entry["parent"] for entry in body["versions"]] == [older, current.version, None]
    assert [entry["current"] for entry in body["versions"]] == [True, False, False]
    assert [entry["source"] for entry in body["versions"]] == ["patch", "patch", "pretrained"]
    assert [entry["samples"] for entry in body["versions"]] == [1, 1, 0]
    for entry in body["versions"]:
        assert 0 < entry["accuracy"] < 1
        assert entry["loss"] > 0
        assert entry["created_at"].endswith("Z")
    assert api("GET", "/weights").json_body["created_at"] == body["versions"][0]["created_at"]


def test_long_history_comes_in_pages(memory: MemoryStore) -> None:
    with serving(memory, api_prefix="/api") as api:
        made = [*taught(api, 4), api.service.model("mlp-128").weights.history().versions[-1].version]
        pages, address = [], "/weights/history?limit=2&model=mlp-128"
        while address:
            body = api("GET", address).json_body
            pages.append([entry["version"] for entry in body["versions"]])
            assert body["next"] is None or body["next"].startswith("/api/weights/history?")
            address = body["next"] and body["next"].removeprefix("/api")
    assert pages == [made[:2], made[2:4], made[4:]]


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("limit=0", 422, "limit"),
        ("limit=1001", 422, "limit"),
        ("limit=-1", 422, "limit"),
        ("limit=many", 422, "limit"),
        ("limit=1e2", 422, "limit"),
        ("limit=", 422, "limit"),
        ("before=yesterday", 422, "before"),
        ("before=../current", 422, "before"),
        ("model=x", 404, None),
    ],
)
def test_wrong_query_is_refused(api: Api, query: str, status: int, field: str | None) -> None:
    answer = api("GET", f"/weights/history?{query}")
    assert answer.status_code == status
    assert answer.json_body["error"].get("field") == field


def test_history_is_json_and_nothing_else(api: Api) -> None:
    assert api("GET", "/weights/history", headers={"Accept": "text/html"}).status_code == 406


def test_history_is_read_in_one_call(memory: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(memory) as api:
        taught(api, 3)
    with serving(memory) as api:
        api("GET", "/weights/history")  # which has read the manifest
        calls: list[str] = []
        get = memory.get

        def counted(key: str) -> StoredObject:
            calls.append(key)
            return get(key)

        monkeypatch.setattr(memory, "get", counted)
        assert len(api("GET", "/weights/history").json_body["versions"]) == 4
    assert calls == ["weights/mlp-128/current.json"]


def test_rollback_makes_an_older_version_current_again(api: Api, current: Version) -> None:
    (newest,) = taught(api, 1)
    answer = api("POST", "/weights/rollback?model=mlp-128", body={"version": current.version})
    assert answer.status_code == 201
    body = answer.json_body
    assert (body["parent"], body["source"], body["restores"]) == (newest, "rollback", current.version)
    assert (body["accuracy"], body["samples"]) == (current.accuracy, 0)
    assert answer.headers["ETag"] == f'"{body["version"]}"'
    assert answer.headers["Location"] == f"/weights?model=mlp-128&version={body['version']}"
    now = api.service.model("mlp-128").weights.current()
    assert (now.version, now.restores) == (body["version"], current.version)
    for name, tensor in now.tensors.items():
        np.testing.assert_array_equal(tensor, current.tensors[name])
    assert api("POST", "/predict", body={"tensor": [0] * 784}).json_body["version"] == body["version"]


def test_rollback_loses_nothing(api: Api, current: Version) -> None:
    made = taught(api, 2)
    first = api("POST", "/weights/rollback", body={"version": current.version}).json_body["version"]
    second = api("POST", "/weights/rollback", body={"version": made[0]}).json_body["version"]
    history = api("GET", "/weights/history").json_body["versions"]
    assert [entry["version"] for entry in history] == [second, first, *made, current.version]
    assert [entry["restores"] for entry in history] == [made[0], current.version, None, None, None]


def test_rollback_goes_back_to_worse_weights_too(api: Api, current: Version) -> None:
    worse = {name: (tensor * 0.5 - 0.1).astype(np.float32) for name, tensor in copied(current).items()}
    bad = api.service.model("mlp-128").publish_retrained(worse, 0)
    assert bad.accuracy < current.accuracy - 0.1
    api("POST", "/weights/rollback", body={"version": current.version})
    assert api("POST", "/weights/rollback", body={"version": bad.version}).status_code == 201


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "expected JSON"),
        (b"{", 400, "expected JSON"),
        (b"[]", 422, "expected `object`, got `array`"),
        (b"{}", 422, "missing required field `version`"),
        (b'{"version": 3}', 422, "expected `str`, got `int`"),
        (b'{"version": "20200101T000000000-00000000"}', 404, "mlp-128 has no version '20200101"),
        (b'{"version": "../../models/mlp-128/manifest"}', 404, "mlp-128 has no version"),
        (b'{"version": ""}', 404, "mlp-128 has no version ''"),
    ],
)
def test_wrong_rollback_is_refused(api: Api, body: bytes, status: int, message: str) -> None:
    answer = api("POST", "/weights/rollback", body=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert message in answer.json_body["error"]["message"]


@pytest.mark.usefixtures("unchanged")
def test_rollback_to_the_current_version_is_refused(api: Api, current: Version) -> None:
    answer = api("POST", "/weights/rollback", body={"version": current.version})
    assert answer.status_code == 422
    assert answer.json_body["error"]["field"] == "version"


def test_rollback_respects_if_match(api: Api, current: Version) -> None:
    (newest,) = taught(api, 1)
    body = {"version": current.version}
    stale = api("POST", "/weights/rollback", body=body, headers={"If-Match": f'"{current.version}"'})
    assert stale.status_code == 412
    assert api.version == newest
    assert api("POST", "/weights/rollback", body=body, headers={"If-Match": f'"{newest}"'}).status_code == 201


def test_rollback_needs_the_token_where_one_is_set(memory: MemoryStore) -> None:
    with serving(memory, write_token="secret") as api:
        body = {"version": "20200101T000000000-00000000"}
        assert api("POST", "/weights/rollback", body=body).status_code == 401
        wrong = {"Authorization": "Bearer secreT"}
        assert api("POST", "/weights/rollback", body=body, headers=wrong).status_code == 403
        right = {"Authorization": "Bearer secret"}
        assert api("POST", "/weights/rollback", body=body, headers=right).status_code == 404
        assert api("GET", "/weights/history").status_code == 200


def test_removed_version_is_not_found(memory: MemoryStore) -> None:
    with serving(memory, keep_versions=2) as api:
        first = api.version
        taught(api, 3)
        assert api("POST", "/weights/rollback", body={"version": first}).status_code == 404
        assert len(api("GET", "/weights/history").json_body["versions"]) == 2
