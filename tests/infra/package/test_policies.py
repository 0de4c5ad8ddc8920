"""The hand-written policies allow exactly what the Lambdas do, and Chalice's configuration points at them."""

import json
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest

from functions.dataset.shards import Digits
from functions.jobs.jobs import JobsRepository
from functions.lessons.inbox import Inbox
from functions.lessons.lesson import key_of
from functions.models.averaging import Update
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.weights.repository import WeightsRepository
from functions.weights.safetensors import encode
from functions.weights.versions import Change, Version, now
from infra.paths import ROOT
from tests.support.api import Api, serving
from tests.support.launchers import IdleLauncher
from tests.support.lesson_streams import SHARD, MemoryStream

CHALICE = ROOT / ".chalice"
BUCKET = "arn:aws:s3:::scrawl-prod"


class Recording(MemoryStore):
    """A store that writes down which S3 action each call needs, on what."""

    def __init__(self, source: MemoryStore) -> None:
        super().__init__()
        for key in source.keys(""):
            super().put(key, source.get(key).body)
        self.actions: set[tuple[str, str]] = set()

    def get(self, key: str) -> Any:
        self.actions.add(("s3:GetObject", f"{BUCKET}/{key}"))
        return super().get(key)

    def put(self, key: str, body: bytes, **options: Any) -> str:
        self.actions.add(("s3:PutObject", f"{BUCKET}/{key}"))
        return super().put(key, body, **options)

    def delete(self, *keys: str) -> None:
        self.actions |= {("s3:DeleteObject", f"{BUCKET}/{key}") for key in keys}
        super().delete(*keys)

    def keys(self, prefix: str) -> list[str]:
        self.actions.add(("s3:ListBucket", BUCKET))
        return super().keys(prefix)


def statements(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CHALICE / f"policy-{name}.json").read_text())["Statement"]
    return found


def many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allows(statement: dict[str, Any], action: str, resource: str) -> bool:
    return action in many(statement["Action"]) and any(fnmatchcase(resource, r) for r in many(statement["Resource"]))


def use_everything(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask every route at least once, so that every kind of key is touched."""
    image = [0] * 784
    for path in ("/", "/data", "/datablock/train/0", "/weights", "/jobs/m-" + "0" * 17 + "-" + "0" * 8):
        api("GET", path)
    assert api("POST", "/predict", body={"tensor": image}).status_code == 200
    assert api("PATCH", "/weights", body={"data": [{"target": 1, "image": image}]}).status_code == 200
    before = api.version
    assert api("POST", "/weights", body=json.loads(api("GET", "/weights").body)).status_code == 201
    assert api("GET", "/weights/history").status_code == 200
    assert api("POST", "/weights/rollback", body={"version": before}).status_code == 201
    monkeypatch.setattr(api.service._launcher, "start", lambda *_: None)
    assert api("DELETE", "/weights").status_code == 202
    use_a_room(api)


def use_a_room(api: Api) -> None:
    opened = api("POST", "/rooms", body={}).json_body
    code, owner = opened["code"], {"Authorization": f"Bearer {opened['owner_code']}"}
    assert api("GET", f"/rooms/{code}", headers=owner).status_code == 200
    assert api("POST", f"/rooms/{code}/reset", body={}, headers=owner).status_code == 201
    assert api("DELETE", f"/rooms/{code}", headers=owner).status_code == 204


def leave_a_log_behind(store: Recording, api: Api) -> None:
    """Learn a lesson as the consumer does, with a log from before it that nobody has removed."""
    stream = MemoryStream()
    model = api.service.model("mlp-128")
    Inbox(stream, store).hand_in(model, Digits.of(api.service.dataset.first("train", 1)), 0.001, key_of(None))
    api.service.learner.learn(SHARD, stream.records)
    store.put("weights/mlp-128/20200101T000000000-0a0b0c0d.lessons", b"")
    store.actions.clear()


def lose_races(store: Recording, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start what another has started in the meantime: what the loser has written is removed."""
    weights = api.service.model("mlp-128").weights
    other = WeightsRepository(store, api.service.model("mlp-128").manifest)
    attempts: list[Version] = []

    def change(version: Version) -> Change:
        attempts.append(version)
        if len(attempts) == 1:
            other.overwrite(Change(version.tensors, "x", 0, 0))  # faster
        return Change(version.tensors, "x", 0, 0)

    weights.update(change)
    jobs = JobsRepository(store)
    monkeypatch.setattr(jobs, "_latest", lambda _: None)
    with pytest.raises(Exception, match="retrained"):
        jobs.start("mlp-128", 1)


def test_policy_of_the_api_allows_what_the_routes_do_and_no_more(
    memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Recording(memory)
    with serving(store, keep_versions=4) as api:
        leave_a_log_behind(store, api)
        use_everything(api, monkeypatch)
        lose_races(store, api, monkeypatch)
    policy = statements("api")
    for action, resource in store.actions:
        assert any(allows(statement, action, resource) for statement in policy), (action, resource)
    for statement in policy:
        if statement["Sid"] not in ("Log", "StartRetrainings"):
            for pattern in many(statement["Resource"]):
                used = [a for a, r in store.actions if a in many(statement["Action"]) and fnmatchcase(r, pattern)]
                assert used, f"nothing uses {statement['Sid']} on {pattern}"


def test_policy_of_retraining_allows_what_it_does(memory: MemoryStore) -> None:
    store = Recording(memory)
    with serving(store, train_iterations=2) as api:
        service = api.service
        job = service.jobs.start("mlp-128", 2)
        store.actions.clear()
        service.run_job(job.id)
    policy = statements("retrain")
    for action, resource in store.actions:
        assert any(allows(statement, action, resource) for statement in policy), (action, resource)


def learn_in_a_room_until_it_is_over(store: Recording, api: Api, consumer: Service) -> None:
    """Average a large update into a room, and another one when the room's time is over."""
    done, stream = store.actions.copy(), MemoryStream()
    room, _ = api.service.open_room(api.service.model("mlp-128"), 1, new=False)
    model = api.service.room_model(room)
    tensors = model.weights.current().tensors
    change = encode({name: 1e-4 * tensor for name, tensor in tensors.items()}, {})
    for number in range(2):
        update = Update({}, room.first, 50, "", f"key-{number}")
        Inbox(stream, store).hand_in_update(model, update, change, room.name)
    store.actions = done
    consumer.learner.learn(SHARD, stream.records[:1])
    consumer.rooms.clock = lambda: now() + timedelta(hours=2)
    consumer.learner.learn(SHARD, stream.records[1:])
    assert store.keys("rooms/") == []


def test_policy_of_learning_allows_what_it_does_and_no_more(memory: MemoryStore) -> None:
    store, stream = Recording(memory), MemoryStream()
    with serving(store, keep_versions=4) as api:
        model, digits = api.service.model("mlp-128"), Digits.of(api.service.dataset.first("train", 300))
        inbox = Inbox(stream, store)
        store.actions.clear()
        fresh = Service(Settings("b", keep_versions=4), store, IdleLauncher())
        for count in range(5):
            handed_in = store.actions.copy()
            inbox.hand_in(model, digits, 0.001, key_of(None))
            store.actions = handed_in
            fresh.learner.learn(SHARD, stream.records[count:])
        learn_in_a_room_until_it_is_over(store, api, fresh)
    policy = statements("learn")
    for action, resource in store.actions:
        assert any(allows(statement, action, resource) for statement in policy), (action, resource)
    for kind in ("weights/*.safetensors", "weights/*.lessons", "lessons/*.bin"):
        assert any(a == "s3:DeleteObject" and fnmatchcase(r, f"{BUCKET}/{kind}") for a, r in store.actions), kind


@pytest.mark.parametrize("name", ["api", "learn", "retrain"])
def test_policies_have_no_wildcard_actions_and_stay_within_the_bucket(name: str) -> None:
    for statement in statements(name):
        assert not any("*" in action for action in many(statement["Action"]))
        assert all(resource != "*" for resource in many(statement["Resource"]))
        for resource in many(statement["Resource"]):
            assert resource.startswith((BUCKET, "arn:aws:logs:", "arn:aws:lambda:"))


def test_configuration_names_policies_and_functions_that_exist() -> None:
    config = json.loads((CHALICE / "config.json").read_text())
    assert config["autogen_policy"] is False
    assert config["stages"].keys() == {"dev", "prod"}
    for name, stage in config["stages"].items():
        files = [config["iam_policy_file"], *(one["iam_policy_file"] for one in stage["lambda_functions"].values())]
        assert stage["lambda_functions"].keys() == {"learn", "retrain"}
        assert all((CHALICE / file).is_file() for file in files)
        variables = stage["environment_variables"]
        assert (variables["SCRAWL_STAGE"], variables["SCRAWL_API_PREFIX"]) == (name, "/api")
        assert variables["SCRAWL_RETRAIN_FUNCTION"] == f"{config['app_name']}-{name}-retrain"


def test_root_module_gives_chalice_the_application_and_the_lambda() -> None:
    import app

    assert {"/", "/data", "/datablock/{split}/{index}", "/weights/history", "/predict"} <= set(app.app.routes)
    lambdas = {function.name: function.handler_string for function in app.app.pure_lambda_functions}
    assert lambdas == {"retrain": "functions.retrain.retrain", "learn": "functions.learn.learn"}
    assert callable(app.retrain)
    assert callable(app.learn)
