"""The examples of docs/api.md, and those of /docs, run as they stand."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from functions.app import app
from functions.settings import Settings
from infra.paths import ROOT
from tests.support.servers.running_stack import RunningStack

DOCS = (ROOT / "docs" / "api.md").read_text()
STRICT = 'set -euo pipefail\ncurl() { command curl --fail-with-body --show-error "$@"; }\n'


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, small_seeded_folder: Path) -> Iterator[RunningStack]:
    data = tmp_path_factory.mktemp("stack")
    running = RunningStack(data, copy_of=small_seeded_folder, SCRAWL_WRITE_TOKEN="", TRAIN_ITER="5")
    yield running
    running.stop()


def run(script: str, folder: Path, **environment: str) -> str:
    command = ["bash", "-c", STRICT + script]
    done = subprocess.run(command, cwd=folder, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode(errors="replace")
    return done.stdout.decode(errors="replace")


def test_examples_of_the_page_in_the_repository_run(stack: RunningStack, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCS, re.M | re.S)
    assert len(blocks) == 9
    printed = run("".join(blocks).replace("http://localhost:8000", stack.url), tmp_path)
    assert printed.count('"label":') == 5
    for word in (
        '"source":"upload"',
        '"source":"update"',
        '"source":"rollback"',
        '"batch_loss":',
        '"state":',
        "\n304\n",
    ):
        assert word in f"\n{printed}"


def test_examples_of_the_page_that_is_served_run(stack: RunningStack, tmp_path: Path) -> None:
    document = requests.get(f"{stack.url}/api/openapi.json", timeout=30).json()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    infer = next(operation for operation in operations if operation["operationId"] == "postV2ModelsByModelInfer")
    example = infer["requestBody"]["content"]["application/json"]["example"]
    (tmp_path / "infer.json").write_text(json.dumps(example))
    samples = [operation["x-codeSamples"][0]["source"] for operation in operations]
    whole = [sample for sample in samples if "…" not in sample]  # the others wait for an id to be filled in
    assert len(samples) - len(whole) == 10
    printed = run("\n".join(whole), tmp_path, API=f"{stack.url}/api", SCRAWL_WRITE_TOKEN="any")
    assert '"label":' in printed
    assert '"model_name":"mlp-128"' in printed


def test_every_route_and_setting_is_on_the_page() -> None:
    for path, methods in app.routes.items():
        if not path.startswith("/v2"):
            shown = path.replace("{job_id}", "{id}").replace("{lesson_id}", "{id}")
            assert all(f"`{method} {shown}`" in DOCS for method in methods if method != "HEAD"), path
    named = re.findall(r"# ([A-Z_]{5,})", (ROOT / "functions" / "settings.py").read_text())
    assert len(named) == len(Settings.__dataclass_fields__)
    assert all(f"`{name}`" in DOCS for name in [*named, "SCRAWL_STAGE", "SCRAWL_CORS_ORIGIN"])
