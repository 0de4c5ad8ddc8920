"""Rooms: their codes open their weights and nothing else, and nothing of them is left when they end."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from chalice.test import HTTPResponse

from functions.rooms import codes
from functions.storage.memory import MemoryStore
from functions.weights.versions import now
from tests.support.api import Api, serving
from tests.support.weights_bodies import SAFETENSORS, SHAPES, as_json, lesson, sent

TOKEN = {"Authorization": "Bearer secret"}


def bearer(code: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {code}"}


def opened(api: Api, **body: object) -> dict[str, Any]:
    answer = api("POST", "/rooms", body=body, headers=TOKEN)
    assert answer.status_code == 201, answer.json_body
    return dict(answer.json_body)


def version_of(api: Api, **headers: str) -> str:
    return str(api("GET", "/weights/updates", headers=headers).json_body["version"])


def update(api: Api, code: str, seed: int = 1) -> HTTPResponse:
    random = np.random.default_rng(seed)
    body = sent({name: random.normal(0, 1e-4, shape).astype(np.float32) for name, shape in SHAPES.items()})
    query = f"base={version_of(api, **bearer(code))}&samples=50&participant=p{seed}"
    headers = {"Content-Type": SAFETENSORS} | bearer(code)
    return api("POST", f"/weights/updates?{query}", body=body, headers=headers)


@pytest.fixture
def room(memory: MemoryStore) -> Any:
    with serving(memory, write_token="secret") as api:
        yield api, opened(api)


def test_room_starts_with_the_shared_weights_and_goes_its_own_way(room: tuple[Api, dict[str, Any]]) -> None:
    api, found = room
    code, public = found["code"], version_of(api)
    assert len(code) == 14
    assert found["room"]["accuracy"] == api("GET", "/weights/updates").json_body["accuracy"]
    for seed in range(2):
        assert update(api, code, seed).status_code == 201
    shown = api("GET", f"/rooms/{code}", headers=bearer(code)).json_body["room"]
    assert (shown["participants"], shown["version"]) == (2, version_of(api, **bearer(code)))
    history = api("GET", "/weights/history", headers=bearer(code)).json_body["versions"]
    assert [entry["source"] for entry in history] == ["update", "update", "room"]
    assert version_of(api) == public
    assert len(api("GET", "/weights/history").json_body["versions"]) == 1


def test_code_is_read_as_people_write_it(room: tuple[Api, dict[str, Any]]) -> None:
    api, found = room
    for written in (found["code"].lower(), found["code"].replace("-", ""), found["code"].replace("-", " ")):
        assert version_of(api, **bearer(written)) == found["room"]["version"]


def test_weights_of_a_room_stay_out_of_caches(room: tuple[Api, dict[str, Any]]) -> None:
    api, found = room
    for query in ("", f"?version={found['room']['version']}"):
        answer = api("GET", f"/weights{query}", headers=bearer(found["code"]) | {"Accept": SAFETENSORS})
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "Authorization" in answer.headers["Vary"]
    assert api("GET", f"/weights?version={found['room']['version']}").status_code == 404


def test_codes_reach_their_own_room_alone(room: tuple[Api, dict[str, Any]], memory: MemoryStore) -> None:
    api, found = room
    code, other = found["code"], opened(api)
    before = {key: memory.get(key).etag for key in memory.keys("")}
    wrong = str(codes.new().joining)
    tries = [
        ("GET", f"/rooms/{code}", {}, 401),
        ("GET", f"/rooms/{code}", TOKEN, 401),
        ("GET", f"/rooms/{code}", bearer(other["owner_code"]), 403),
        ("DELETE", f"/rooms/{code}", bearer(other["owner_code"]), 403),
        ("DELETE", f"/rooms/{code}", bearer(code), 403),
        ("DELETE", f"/rooms/{code}", bearer(f"{code}-{codes.new().secret}"), 403),
        ("POST", f"/rooms/{code}/reset", bearer(code), 403),
        ("GET", f"/rooms/{wrong}", bearer(wrong), 404),
        ("GET", "/rooms/mine", bearer(code), 404),
        ("GET", "/weights", bearer(wrong), 404),
        ("GET", "/weights?model=mlp-128-64", bearer(code), 404),
        ("PATCH", "/weights", bearer(code), 403),
        ("DELETE", "/weights", bearer(code), 403),
        ("DELETE", "/weights", bearer(found["owner_code"]), 403),
        ("POST", "/weights/rollback", bearer(code), 403),
        ("POST", "/rooms", bearer(found["owner_code"]), 403),
        ("POST", "/rooms", {}, 401),
    ]
    for method, path, headers, status in tries:
        answer = api(method, path, body={}, headers=headers)
        assert answer.status_code == status, (method, path, answer.json_body)
        assert answer.json_body["error"]["message"]
    assert {key: memory.get(key).etag for key in memory.keys("")} == before


def test_code_that_only_looks_like_its_owners_is_told_from_a_joining_one(room: tuple[Api, dict[str, Any]]) -> None:
    api, found = room
    code = found["code"]
    answer = api("GET", f"/rooms/{code}", headers=bearer(code + "-BCDF-GHJK-MNPQ-BCDF-GHJK-MNPQ"))
    assert answer.status_code == 403
    assert "not its owner's" in answer.json_body["error"]["message"]


def test_owner_may_teach_reset_and_end_a_room(room: tuple[Api, dict[str, Any]], memory: MemoryStore) -> None:
    api, found = room
    code, owner = found["code"], bearer(found["owner_code"])
    assert api("PATCH", "/weights", body=as_json(lesson(api)), headers=owner).status_code == 200
    stale = version_of(api, **owner)
    again = api("POST", f"/rooms/{code}/reset", headers=owner)
    assert (again.status_code, again.json_body["accuracy"]) == (201, found["room"]["accuracy"])
    new = api("POST", f"/rooms/{code}/reset", body={"start": "new"}, headers=owner)
    assert new.json_body["accuracy"] < 0.5
    assert update(api, code).status_code == 201
    late = api(
        "POST", f"/weights/updates?base={stale}&samples=50", body=b"", headers=owner | {"Content-Type": SAFETENSORS}
    )
    assert late.status_code in (400, 412)
    assert api("DELETE", f"/rooms/{code}", headers=owner).status_code == 204
    assert memory.keys("rooms/") == []
    assert api("GET", "/weights", headers=bearer(code)).status_code == 404
    assert "time may be over" in api("GET", f"/rooms/{code}", headers=bearer(code)).json_body["error"]["message"]


def test_room_ends_when_its_time_is_over(room: tuple[Api, dict[str, Any]], memory: MemoryStore) -> None:
    api, found = room
    other = opened(api, hours=48)
    api.service.rooms.clock = lambda: now() + timedelta(hours=25)
    assert api("GET", "/weights", headers=bearer(found["code"])).status_code == 404
    assert api("GET", "/weights", headers=bearer(other["code"])).status_code == 200
    api.service.rooms.clock = lambda: now() + timedelta(hours=49)
    third = opened(api)
    assert {key.split("/")[1] for key in memory.keys("rooms/")} == {codes.Code(third["code"].replace("-", "")).room}


@pytest.mark.parametrize(
    ("body", "status"),
    [({"hours": 0}, 422), ({"hours": 337}, 422), ({"model": "mlp-1"}, 404), ({"start": "old"}, 422), ([], 422)],
)
def test_wrong_room_is_refused(api: Api, memory: MemoryStore, body: object, status: int) -> None:
    answer = api("POST", "/rooms", body=body)
    assert answer.status_code == status
    assert memory.keys("rooms/") == []


def test_neither_store_nor_log_knows_a_code(
    memory: MemoryStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logging.Logger.propagate", True, raising=False)
    with serving(memory) as api, caplog.at_level("DEBUG"):
        found = opened(api)
        assert update(api, found["code"]).status_code == 201
    letters = found["code"].replace("-", "")
    kept = "".join(memory.keys("")) + "".join(str(memory.get(key).body) for key in memory.keys("rooms/"))
    assert letters not in kept + caplog.text
    assert found["code"] not in kept + caplog.text
