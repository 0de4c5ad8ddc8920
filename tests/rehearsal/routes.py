"""Calls every route of the deployed API, in the formats that clients use, and sees that each answers.

What the answers should be in detail is tested under `tests/functions/api/`.
"""

import gzip
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import requests
from safetensors.numpy import load, save

from infra.output import Say
from tests.rehearsal.gateway import Gateway

OCTETS = {"Accept": "application/octet-stream"}
SAFETENSORS = "application/vnd.safetensors"
PATCHES, CLIENTS = 40, 8
_RETRAINED_WITHIN = 300  # seconds


def call_every_route(api: Gateway, say: Say) -> None:
    """Call each of them."""
    parts: tuple[Callable[[Gateway], None], ...] = (
        _about,
        _data,
        _predictions,
        _weights,
        _together,
        _open_inference,
        _refusals,
    )
    for part in parts:
        part(api)
    say(f"Routes: {len(api('GET', '/openapi.json').json()['paths'])} paths, all answer")


def patch_from_many(api: Gateway, say: Say) -> None:
    """Take 40 training steps from 8 clients at once: each must be kept, on top of another.

    A client that lost too many races is told when to try again.
    """
    lessons = [api("GET", "/data").json() for _ in range(CLIENTS)]
    before = _history(api)

    def patch(number: int) -> str:
        while (answer := api("PATCH", "/weights", 200, 409, json=lessons[number % CLIENTS])).status_code == 409:
            time.sleep(float(answer.headers["Retry-After"]))
        return str(answer.json()["version"])

    with ThreadPoolExecutor(CLIENTS) as pool:
        made = set(pool.map(patch, range(PATCHES)))
    new = {version: parent for version, parent in _history(api).items() if version not in before}
    assert made == set(new), f"{len(made)} versions were answered, {len(new)} are kept"
    assert len(set(new.values())) == PATCHES, "two versions have the same parent: a lesson is lost"
    say(f"PATCH: {PATCHES} lessons from {CLIENTS} clients, each on top of another")


def learn_from_stream(api: Gateway, say: Say) -> None:
    """Hand in lessons, one of them twice, and updates, here and in a room, and wait until all are learned."""
    lesson = api("GET", "/data").json()
    waiting = api("PATCH", "/weights?learning_rate=0.001", 202, json=lesson)
    while (report := api("GET", _path(waiting)).json()["lesson"])["state"] == "waiting":
        time.sleep(0.5)
    assert report["state"] == "learned", report
    headers = {"Prefer": "wait=20", "Idempotency-Key": "twice"}
    for _ in range(2):
        answer = api("PATCH", "/weights?learning_rate=0.001", json=lesson, headers=headers).json()
    newest = api("GET", "/weights/history?limit=2").json()["versions"]
    assert [entry["version"] for entry in newest] == [answer["version"], report["version"]]
    opened = api("POST", "/rooms", 201, json={"hours": 1}).json()
    for said in ({}, _bearer(opened["code"])):
        assert _update(api, said | {"Prefer": "wait=20"}, 201)["source"] == "update"
    api("DELETE", f"/rooms/{opened['code']}", 204, headers=_bearer(opened["owner_code"]))
    say("Stream: lessons and updates are learned, here and in a room; one that is sent twice counts once")


def retrain(api: Gateway, say: Say) -> None:
    """Have the second function retrain a model, and wait for the end of it."""
    answer = api("DELETE", "/weights", 202)
    location = _path(answer)
    deadline = time.monotonic() + _RETRAINED_WITHIN
    while (job := api("GET", location).json()["job"])["state"] not in ("done", "failed"):
        assert time.monotonic() < deadline, f"the retraining takes too long: {job}"
        time.sleep(1)
    assert job["state"] == "done", job
    assert api("GET", "/weights/history?limit=1").json()["versions"][0]["source"] == "retrain"
    say(f"Retraining: {job['iteration']} steps in the second function, accuracy {job['accuracy']:.1%}")


def _about(api: Gateway) -> None:
    assert api("GET", "/").json()["dataset"]
    assert b"<!doctype html" in api("GET", "/docs", headers={"Accept": "text/html"}).content.lower()
    preflight = {"Origin": "https://example.org", "Access-Control-Request-Method": "PATCH"}
    assert "PATCH" in api("OPTIONS", "/weights", headers=preflight).headers["Access-Control-Allow-Methods"]


def _data(api: Gateway) -> None:
    assert len(api("GET", "/data").json()["data"][0]["image"]) == 784
    assert api("GET", "/data", headers={"Accept": "image/png"}).content.startswith(b"\x89PNG")
    assert len(api("POST", "/datablock", json={"block": 3}).json()["data"]) == 3
    assert api("POST", "/datablock", json={"block": 3}, headers=OCTETS).content.startswith(b"SCRB")
    shard = api("GET", "/datablock/train/0", headers=OCTETS | {"Accept-Encoding": "gzip"})
    assert shard.content.startswith(b"SCRB")


def _predictions(api: Gateway) -> None:
    digit = api("GET", "/data?split=test").json()["data"][0]
    for model in ("mlp-128", "mlp-128-64", "conv-32-64"):
        answer = api("POST", f"/predict?model={model}", json={"tensor": digit["image"]}).json()
        assert (answer["model"], len(answer["probabilities"])) == (model, 10)
    body = gzip.compress(json.dumps({"tensor": digit["image"]}).encode())
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert "label" in api("POST", "/predict", data=body, headers=packed).json()
    picture = api("GET", "/data?split=test", headers={"Accept": "image/png"}).content
    assert "label" in api("POST", "/predict", data=picture, headers={"Content-Type": "image/png"}).json()


def _weights(api: Gateway) -> None:
    plain = api("GET", "/weights")
    api("GET", "/weights", 304, headers={"If-None-Match": plain.headers["ETag"]})
    assert api("GET", "/weights", headers={"Accept": "application/vnd.onnx"}).content
    tensors = api("GET", "/weights", headers={"Accept": SAFETENSORS}).content
    version = api("POST", "/weights", 201, data=tensors, headers={"Content-Type": SAFETENSORS}).json()["version"]
    block = api("POST", "/datablock", json={"block": 8}, headers=OCTETS).content
    api("PATCH", "/weights", data=block, headers={"Content-Type": "application/octet-stream"})
    api("POST", "/weights/rollback", 201, json={"version": version})
    assert version in _history(api)


def _together(api: Gateway) -> None:
    assert _update(api, {}, 201)["weight"] == 1.0
    opened = api("POST", "/rooms", 201, json={"hours": 1}).json()
    code, owner, path = _bearer(opened["code"]), _bearer(opened["owner_code"]), f"/rooms/{opened['code']}"
    assert _update(api, code, 201)["participants"] == 1
    assert api("GET", path, headers=code).json()["room"]["participants"] == 1
    api("POST", f"{path}/reset", 403, headers=code)
    assert api("POST", f"{path}/reset", 201, json={"start": "new"}, headers=owner).json()["source"] == "room"
    assert api("GET", "/weights/updates").json()["source"] == "update"  # as before
    api("DELETE", path, 204, headers=owner)
    api("GET", path, 404, headers=code)
    api("GET", "/lessons/0-1", 404)


def _update(api: Gateway, headers: dict[str, str], status: int) -> dict[str, Any]:
    """Send a difference that changes nothing, and return the answer."""
    base = api("GET", "/weights/updates", headers=headers).json()["version"]
    taken = api("GET", "/weights", headers={"Accept": SAFETENSORS} | headers).content
    body = save({name: np.zeros_like(tensor) for name, tensor in load(taken).items()})
    path = f"/weights/updates?base={base}&samples=50&participant=rehearsal"
    sent = api("POST", path, status, data=body, headers={"Content-Type": SAFETENSORS} | headers)
    answer: dict[str, Any] = sent.json()
    return answer


def _bearer(code: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {code}"}


def _path(answer: requests.Response) -> str:
    return answer.headers["Location"].removeprefix("/api")


def _open_inference(api: Gateway) -> None:
    for path in ("", "/health/live", "/health/ready", "/models/mlp-128", "/models/mlp-128/ready"):
        api("GET", f"/v2{path}")
    version = api("GET", "/v2/models/mlp-128").json()["versions"][0]
    for path in ("", "/ready"):
        api("GET", f"/v2/models/mlp-128/versions/{version}{path}")
    images = {"name": "images", "shape": [1, 784], "datatype": "FP32", "data": [0.0] * 784}
    for path in ("", f"/versions/{version}"):
        assert api("POST", f"/v2/models/mlp-128{path}/infer", json={"inputs": [images]}).json()["outputs"]


def _refusals(api: Gateway) -> None:
    api("GET", "/jobs/0123456789abcdef", 404)
    api("POST", "/predict", 400, data=b"{", headers={"Content-Type": "application/json"})
    api("PATCH", "/weights", 401, json={"data": []}, headers={"Authorization": ""})
    api("PATCH", "/weights", 403, json={"data": []}, headers={"Authorization": "Bearer wrong"})
    api("GET", "/data", 403, headers={"x-api-key": "wrong"})


def _history(api: Gateway) -> dict[str, str]:
    versions = api("GET", "/weights/history?limit=100").json()["versions"]
    return {entry["version"]: entry["parent"] for entry in versions}
