"""The API while the current weights cannot be read: what works, what is refused, and what repairs damage."""

from collections.abc import Callable

import pytest
from chalice.test import HTTPResponse

from functions import wiring
from functions.models import serving as serving_module
from functions.storage.memory import MemoryStore
from tests.support.api import Api, serving
from tests.support.faults import FaultyStore, away

POINTER = "weights/mlp-128/current.json"
IMAGE = {"tensor": [0] * 784}
INFER = {"inputs": [{"name": "images", "shape": [1, 784], "datatype": "FP32", "data": [0] * 784}]}
# A nonsense lesson, but a small one: larger ones are taken back.
SAMPLE = {"data": [{"target": 1, "image": [0.5] * 784}], "learning_rate": 0.001}

type Damage = Callable[[FaultyStore, str], None]


def pointer_damaged(store: FaultyStore, _: str) -> None:
    store.put(POINTER, b"{")


def pointer_lost(store: FaultyStore, _: str) -> None:
    store.delete(POINTER)


def version_damaged(store: FaultyStore, current: str) -> None:
    key = f"weights/mlp-128/{current}.safetensors"
    store.put(key, store.get(key).body[:-1])


def version_lost(store: FaultyStore, current: str) -> None:
    store.delete(f"weights/mlp-128/{current}.safetensors")


def store_away(store: FaultyStore, _: str) -> None:
    store.arm(0, away, for_good=True)


DAMAGES = [pointer_damaged, pointer_lost, version_damaged, version_lost]


@pytest.fixture(params=DAMAGES, ids=lambda damage: damage.__name__)
def damage(request: pytest.FixtureRequest) -> Damage:
    chosen: Damage = request.param
    return chosen


@pytest.fixture
def store(seeded: MemoryStore) -> FaultyStore:
    """Return a store with three versions of mlp-128."""
    lived_in = FaultyStore(seeded)
    with serving(lived_in) as api:
        for _ in range(2):
            api("PATCH", "/weights", body=SAMPLE)
    return lived_in


def history(api: Api) -> list[str]:
    return [entry["version"] for entry in api("GET", "/weights/history").json_body["versions"]]


@pytest.mark.parametrize("damage", [*DAMAGES, store_away], ids=lambda damage: damage.__name__)
def test_predictions_continue_and_reading_the_weights_reports_the_damage(
    store: FaultyStore, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_module, "RETRY_AFTER", 0)
    status = 404 if damage is pointer_lost else 503
    with serving(store) as api:
        before = api("POST", "/predict", body=IMAGE).json_body
        with serving(store) as other:
            damage(store, other("PATCH", "/weights", body=SAMPLE).json_body["version"])
        with serving(store) as cold:
            answer = cold("POST", "/predict", body=IMAGE)
            assert (answer.status_code, "Retry-After" in answer.headers) == (status, status == 503)
        wiring.use(api.service)
        api.service.model("mlp-128")._served.expire()
        for _ in range(3):
            assert api("POST", "/predict", body=IMAGE).json_body == before
            found = api("POST", "/v2/models/mlp-128/infer", body=INFER).json_body
            assert found["model_version"] == before["version"]
        assert api("GET", "/v2/models/mlp-128/ready").status_code == 200
        assert api("GET", "/v2/health/ready").status_code == (503 if damage is store_away else 200)
        assert api("GET", "/weights").status_code == status


def test_update_of_damaged_weights_is_refused_with_the_way_to_repair_them(store: FaultyStore, damage: Damage) -> None:
    with serving(store) as api:
        body = api("GET", "/weights", headers={"Accept": "application/vnd.safetensors"}).body
        versions = history(api)
    damage(store, versions[0])
    with serving(store) as api:
        upload = api("POST", "/weights", body=body, headers={"Content-Type": "application/vnd.safetensors"})
        for answer in (api("GET", "/weights"), api("PATCH", "/weights", body=SAMPLE), upload):
            assert answer.status_code == (404 if damage is pointer_lost else 503)
            mends = "`scrawl seed` does" if damage is pointer_lost else "a rollback to a version that can be read"
            assert mends in answer.json_body["error"]["message"]
        listed = api("GET", "/weights/history").json_body["versions"]
        assert [entry["version"] for entry in listed] == versions
        is_known = damage in (version_damaged, version_lost)
        assert [entry["current"] for entry in listed[1:]] == [False, False]
        assert listed[0]["current"] == is_known


def rollback(api: Api, version: str) -> HTTPResponse:
    return api("POST", "/weights/rollback", body={"version": version})


def retraining(api: Api, _: str) -> HTTPResponse:
    return api("DELETE", "/weights")


@pytest.mark.parametrize("repair", [rollback, retraining], ids=lambda repair: repair.__name__)
def test_rollback_and_retraining_repair_it(
    store: FaultyStore, damage: Damage, repair: Callable[[Api, str], HTTPResponse]
) -> None:
    with serving(store) as api:
        versions = history(api)
    damage(store, versions[0])
    with serving(store, train_iterations=2) as api:
        assert repair(api, versions[1]).status_code in (201, 202)
    with serving(store) as api:
        assert history(api)[1:] == versions
        assert api.version == history(api)[0] == api("POST", "/predict", body=IMAGE).json_body["version"]
        assert api("PATCH", "/weights", body=SAMPLE).status_code == 200


def test_rollback_to_the_newest_version_repairs_a_damaged_pointer(store: FaultyStore) -> None:
    with serving(store) as api:
        newest = api.version
        assert rollback(api, newest).status_code == 422
        pointer_damaged(store, newest)
        assert rollback(api, newest).status_code == 201


def test_conditional_change_is_refused_until_the_pointer_is_repaired(store: FaultyStore) -> None:
    with serving(store) as api:
        version = api.version
        pointer_damaged(store, version)
        for method, path, body in (("DELETE", "/weights", None), ("POST", "/weights/rollback", {"version": version})):
            answer = api(method, path, body=body, headers={"If-Match": f'"{version}"'})
            assert (answer.status_code, answer.json_body["error"]["code"]) == (503, "corrupt_data")
