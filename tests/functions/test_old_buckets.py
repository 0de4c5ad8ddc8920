"""A bucket as version 0.2.1 wrote it goes on: its weights are read, changed, averaged into, and taken into rooms.

0.2.1 knew of a version: model, version, parent, source, samples, loss, accuracy, created_at, restores; the pointer's
entries had the last eight of them, and it knew neither a mark nor lessons nor contributions.
"""

import json

import numpy as np
import pytest
import safetensors.numpy

from functions.dataset.shards import Digits
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.weights.safetensors import encode
from infra.dataset.seeding import seed
from tests.support.api import Api, serving
from tests.support.launchers import IdleLauncher
from tests.support.lesson_streams import SHARD, MemoryStream
from tests.support.weights_bodies import SAFETENSORS, SHAPES, as_json, lesson

IDS = ["20260301T080000000-0000000a", "20260301T090000000-0000000b", "20260301T100000000-0000000c"]
POINTER = "weights/mlp-128/current.json"
JOB = "mlp-128-20260301093000000-0000000d"


def key(version: str) -> str:
    return f"weights/mlp-128/{version}.safetensors"


@pytest.fixture
def bucket(memory: MemoryStore) -> MemoryStore:
    """Return a store in which the shared weights of mlp-128 are 0.2.1's: pretrained, a PATCH, a rollback."""
    with serving(memory) as api:
        tensors = dict(api.service.model("mlp-128").weights.current().tensors)
    memory.delete(*memory.keys("weights/mlp-128/"))
    entries: list[list[object]] = []
    for number, (version, source) in enumerate(zip(IDS, ("pretrained", "patch", "rollback"), strict=True)):
        parent, created = IDS[number - 1] if number else None, f"2026-03-01T{8 + number:02}:00:00.000Z"
        restores = IDS[0] if source == "rollback" else None
        entry: list[object] = [version, parent, source, int(source == "patch"), 0.0712, 0.9785, created, restores]
        names = ("version", "parent", "source", "samples", "loss", "accuracy", "created_at", "restores")
        known = {"model": "mlp-128"} | {n: str(v) for n, v in zip(names, entry, strict=True) if v is not None}
        changed = {name: tensor + np.float32(1e-6 * (source == "patch")) for name, tensor in tensors.items()}
        memory.put(key(version), safetensors.numpy.save(changed, known))
        entries.insert(0, entry)
    pointer = {"version": IDS[2], "key": key(IDS[2]), "updated_at": entries[0][6], "count": 3, "history": entries}
    memory.put(POINTER, json.dumps(pointer).encode())
    job = {"id": JOB, "model": "mlp-128", "state": "done", "iteration": 9, "iterations": 9, "loss": 0.1}
    moments = {"created_at": "2026-03-01T09:30:00.000Z", "updated_at": "2026-03-01T09:31:00.000Z"}
    memory.put(f"jobs/{JOB}.json", json.dumps(job | {"accuracy": 0.9, "version": IDS[1]} | moments).encode())
    return memory


def change() -> bytes:
    return encode({name: np.full(shape, 1e-6, np.float32) for name, shape in SHAPES.items()}, {})


def test_what_is_there_is_read(bucket: MemoryStore) -> None:
    with serving(bucket) as api:
        assert api("POST", "/predict", body={"tensor": [0.0] * 784}).json_body["version"] == IDS[2]
        history = api("GET", "/weights/history").json_body["versions"]
        assert [entry["version"] for entry in history] == IDS[::-1]
        assert [entry["source"] for entry in history] == ["rollback", "patch", "pretrained"]
        assert {(entry["temperature"], entry["accuracy_error"], entry["lessons"]) for entry in history} == {
            (1, None, 0)
        }
        assert api("GET", f"/weights?version={IDS[0]}").status_code == 200
        assert api("GET", "/weights/updates").json_body["participants"] == 0
        assert api("GET", f"/jobs/{JOB}").json_body["job"]["version"] == IDS[1]


def test_every_change_builds_on_it(bucket: MemoryStore) -> None:
    with serving(bucket) as api:
        answer = api("PATCH", "/weights?learning_rate=0.001", body=as_json(lesson(api)))
        assert (answer.status_code, answer.json_body["parent"]) == (200, IDS[2])
        path, typed = f"/weights/updates?base={IDS[2]}&samples=50", {"Content-Type": SAFETENSORS}
        answer = api("POST", path, body=change(), headers=typed)
        assert (answer.status_code, answer.json_body["source"]) == (201, "update")
        assert api("POST", "/weights/rollback", body={"version": IDS[1]}).json_body["restores"] == IDS[1]
        history = api("GET", "/weights/history").json_body["versions"]
        assert [entry["version"] for entry in history[3:]] == IDS[::-1]
        assert api("POST", "/rooms", body={}).json_body["room"]["accuracy"] == pytest.approx(0.98, abs=0.05)


def test_an_update_may_start_from_it_and_reach_behind_a_rollback_to_it(bucket: MemoryStore) -> None:
    with serving(bucket) as api:
        headers = {"Content-Type": SAFETENSORS}
        behind = api("POST", f"/weights/updates?base={IDS[0]}&samples=50", body=change(), headers=headers)
        assert (behind.status_code, behind.json_body["weight"]) == (201, 1.0)
        undone = api("POST", f"/weights/updates?base={IDS[1]}&samples=50", body=change(), headers=headers)
        assert undone.status_code == 412


def test_lessons_of_a_stream_are_learned_on_top_of_it(bucket: MemoryStore) -> None:
    stream = MemoryStream()
    service = Service(Settings("b"), bucket, IdleLauncher(), stream=stream)
    assert service.inbox is not None
    digits = Digits.of(service.dataset.first("train", 1))
    service.inbox.hand_in(service.model("mlp-128"), digits, 1e-6, bytes(16))
    service.learner.learn(SHARD, stream.records)
    newest = service.model("mlp-128").weights.history().versions[0]
    assert (newest.parent, newest.lessons) == (IDS[2], 1)


@pytest.mark.parametrize("pointer", [None, b"{"], ids=["lost", "damaged"])
def test_lost_pointer_is_rebuilt_from_its_versions(bucket: MemoryStore, pointer: bytes | None) -> None:
    bucket.delete(POINTER) if pointer is None else bucket.put(POINTER, pointer)
    with serving(bucket) as api:
        answer = api("POST", "/weights/rollback", body={"version": IDS[1]})
        assert (answer.status_code, answer.json_body["parent"]) == (201, IDS[2])
        assert [entry["version"] for entry in api("GET", "/weights/history").json_body["versions"][1:]] == IDS[::-1]


def test_bringing_it_up_to_date_says_what_is_converted_and_leaves_the_weights(bucket: MemoryStore) -> None:
    for name in ("train_step.onnx", "manifest.json"):
        bucket.put(f"models/mlp-128/{name}", b"{}")  # 0.2.1's graphs were others; and one that is damaged is replaced
    before = {each: bucket.get(each).etag for each in bucket.keys("weights/")}
    seeded = seed(bucket, None)
    assert "1 model" in str(seeded)  # which `scrawl deploy` and `scrawl serve` print
    assert seeded.weights == 0
    assert {each: bucket.get(each).etag for each in bucket.keys("weights/")} == before
    with serving(bucket) as api:
        assert ask_prediction(api) == IDS[2]


def ask_prediction(api: Api) -> str:
    """Return which version answers a prediction."""
    return str(api("POST", "/predict", body={"tensor": [0.0] * 784}).json_body["version"])
