"""DELETE /weights and GET /jobs/{id}: retraining from scratch, as a client sees it."""

import threading
from typing import Any

import numpy as np
import pytest

from functions.storage.memory import MemoryStore
from tests.support.api import Api, serving


def wait_for(api: Api, address: str) -> dict[str, Any]:
    """Return a job once the thread that runs it has ended."""
    for thread in threading.enumerate():
        if thread.name == f"job {address.rpartition('/')[2]}":
            thread.join(60)
    job: dict[str, Any] = api("GET", address).json_body["job"]
    assert job["state"] in ("done", "failed")
    return job


def test_deleting_weights_retrains_them_from_scratch(api: Api) -> None:
    before = api.service.model("mlp-128").weights.current()
    answer = api("DELETE", "/weights?model=mlp-128")
    assert answer.status_code == 202
    job = answer.json_body["job"]
    assert (job["state"], job["iteration"], job["iterations"]) == ("queued", 0, 40)
    assert answer.headers["Location"] == f"/jobs/{job['id']}"
    done = wait_for(api, answer.headers["Location"])
    assert (done["id"], done["state"], done["iteration"]) == (job["id"], "done", 40)
    after = api.service.model("mlp-128").weights.current()
    assert (after.version, after.parent, after.source) == (done["version"], before.version, "retrain")
    assert done["accuracy"] == after.accuracy > 0.5  # of ten digits, after 40 steps
    assert done["loss"] == after.loss
    assert np.corrcoef(before.tensors["fc1.weight"].ravel(), after.tensors["fc1.weight"].ravel())[0, 1] < 0.2


def test_prediction_is_by_the_new_weights_afterwards(api: Api) -> None:
    api("POST", "/predict", body={"tensor": [0] * 784})
    done = wait_for(api, api("DELETE", "/weights").headers["Location"])
    assert api("POST", "/predict", body={"tensor": [0] * 784}).json_body["version"] == done["version"]


def test_second_retraining_at_once_is_refused_with_the_address_of_the_first(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    monkeypatch.setattr(api.service._launcher, "start", lambda job_id, run: runs.append((run, job_id)))
    first = api("DELETE", "/weights")
    before = api.version
    second = api("DELETE", "/weights")
    assert second.status_code == 409
    assert second.headers["Location"] == first.headers["Location"]
    assert first.json_body["job"]["id"] in second.json_body["error"]["message"]
    assert api.version == before
    run, job_id = runs.pop()
    run(job_id)
    assert api("DELETE", "/weights").status_code == 202


def test_addresses_carry_the_prefix(memory: MemoryStore) -> None:
    with serving(memory, api_prefix="/api", train_iterations=1) as api:
        answer = api("DELETE", "/weights")
    assert answer.headers["Location"] == f"/api/jobs/{answer.json_body['job']['id']}"


def test_failed_retraining_says_why(api: Api, memory: MemoryStore) -> None:
    before = api.version
    memory.put("data/train/0000.bin.gz", b"")
    done = wait_for(api, api("DELETE", "/weights").headers["Location"])
    assert done["state"] == "failed"
    assert "shard data/train/0000.bin.gz is damaged" in done["error"]
    assert api.version == before


@pytest.mark.parametrize("job", ["mlp-128-20260101000000000-00000000", "latest", "..", "%2e%2e%2fweights"])
def test_unknown_job_is_named(api: Api, job: str) -> None:
    answer = api("GET", f"/jobs/{job}")
    assert answer.status_code == 404
    assert "there is no job" in answer.json_body["error"]["message"]


def test_damaged_weights_can_be_replaced_by_retraining(memory: MemoryStore) -> None:
    (key,) = (key for key in memory.keys("weights/mlp-128/") if key.endswith(".safetensors"))
    memory.put(key, b"damaged")
    with serving(memory, train_iterations=5) as api:
        assert api("GET", "/weights").status_code == 503
        assert wait_for(api, api("DELETE", "/weights").headers["Location"])["state"] == "done"
        assert api("GET", "/weights").status_code == 200
