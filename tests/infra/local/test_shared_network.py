"""A network that has only a name, shared by `scrawl seed --model`: taught, retrained and used over HTTP."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.paths import ROOT
from tests.support.servers.running_stack import RunningStack

NAME = "mlp-300-100"
HINT = "`scrawl seed --model mlp-300-100` adds that network; docs/models.md says what names there are"
INFER = {"inputs": [{"name": "images", "shape": [1, 784], "datatype": "FP32", "data": [0.5] * 784}]}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, small_seeded_folder: Path) -> Iterator[RunningStack]:
    data = tmp_path_factory.mktemp("shared") / "data"
    shutil.copytree(small_seeded_folder, data)
    command = [sys.executable, "-m", "infra.cli", "seed", "--data-dir", str(data), "--model", NAME]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120, capture_output=True)
    running = RunningStack(tmp_path_factory.mktemp("stack"), copy_of=data, SCRAWL_WRITE_TOKEN="", TRAIN_ITER="5")
    yield running
    running.stop()


def call(stack: RunningStack, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    answer = requests.request(method, f"{stack.url}/api{path}", json=body, timeout=60)
    return answer.status_code, answer.json()


def test_network_is_shared_taught_and_retrained(stack: RunningStack) -> None:
    assert NAME in [model["model"] for model in call(stack, "GET", "/")[1]["models"]]
    _, history = call(stack, "GET", f"/weights/history?model={NAME}")
    assert [version["source"] for version in history["versions"]] == ["untrained"]
    _, digit = call(stack, "GET", "/data")
    status, taught = call(stack, "PATCH", f"/weights?model={NAME}", {**digit, "learning_rate": None})
    assert (status, taught["source"], taught["parent"]) == (200, "patch", history["versions"][0]["version"])
    status, started = call(stack, "DELETE", f"/weights?model={NAME}")
    assert status == 202
    job = started["job"]
    while job["state"] not in ("done", "failed"):  # five steps: each question takes as long as one
        job = call(stack, "GET", f"/jobs/{job['id']}")[1]["job"]
    assert job["state"] == "done"
    status, reading = call(stack, "POST", f"/predict?model={NAME}", {"tensor": digit["data"][0]["image"]})
    assert (status, reading["model"]) == (200, NAME)
    assert reading["version"] not in (taught["version"], taught["parent"])
    status, inferred = call(stack, "POST", f"/v2/models/{NAME}/infer", INFER)
    assert (status, inferred["model_name"]) == (200, NAME)


@pytest.mark.parametrize("name", ["mlp-200", "mlp-0", "mlp-1000000000", "conv-32-64_128", "no%20network"])
def test_unknown_network_is_not_found_and_how_to_add_one_is_said(stack: RunningStack, name: str) -> None:
    asked = (
        ("GET", f"/weights?model={name}", None),
        ("DELETE", f"/weights?model={name}", None),
        ("POST", f"/predict?model={name}", {"tensor": [0.5] * 784}),
        ("GET", f"/v2/models/{name}", None),
        ("POST", f"/v2/models/{name}/infer", INFER),
    )
    for method, path, body in asked:
        status, said = call(stack, method, path, body)
        message = said["error"] if path.startswith("/v2") else said["error"]["message"]
        assert status == 404, path
        assert message.startswith(f"there is no model '{name.replace('%20', ' ')}'; there are: conv-32-64, "), path
        assert message.endswith(HINT), path
