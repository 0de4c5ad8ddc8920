"""The local stack whose stored weights are damaged: it starts, says so, and what it says repairs them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.paths import ROOT
from tests.support.servers.running_stack import RunningStack, teach

MODELS = ("mlp-128", "mlp-128-64", "conv-32-64")


@pytest.fixture
def stack(tmp_path: Path, small_seeded_folder: Path) -> Iterator[RunningStack]:
    running = RunningStack(tmp_path / "data", copy_of=small_seeded_folder, TRAIN_ITER="2")
    yield running
    if running.process.poll() is None:
        running.stop()


def damage(stack: RunningStack, data: Path, name: str, content: bytes = b"{") -> str:
    """Stop the stack, damage a file of mlp-128's weights, start it again, and return what it says about that."""
    assert stack.stop() == 0
    path = data / "s3" / f"weights%2Fmlp-128%2F{name}"
    assert path.exists()
    path.write_bytes(content)
    stack.start()
    (notice,) = (line for line in stack.lines if line.startswith("NOTICE: The shared weights"))
    return notice


def ask(stack: RunningStack, path: str, method: str = "GET", **options: Any) -> requests.Response:
    return requests.request(method, f"{stack.url}/api{path}", timeout=60, **options)


def predictions(stack: RunningStack) -> dict[str, int]:
    """Return the status of a prediction by each model."""
    pixels = {"tensor": [0] * 784}
    return {model: ask(stack, f"/predict?model={model}", "POST", json=pixels).status_code for model in MODELS}


def history(stack: RunningStack) -> list[str]:
    return [entry["version"] for entry in ask(stack, "/weights/history").json()["versions"]]


def scrawl(stack: RunningStack, command: str) -> str:
    """Run a command that the stack has named, against its API."""
    arguments = [*command.removeprefix("scrawl ").split(), "--api", f"{stack.url}/api"]
    program = [sys.executable, "-m", "infra.cli", *arguments]
    ended = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_damaged_weights_stop_nothing_else_and_can_be_repaired(stack: RunningStack, tmp_path: Path) -> None:
    first = ask(stack, "/weights").json()["version"]
    made = [teach(stack.url)["version"] for _ in range(2)]

    notice = damage(stack, tmp_path / "data", "current.json")
    assert "The shared weights of mlp-128 are damaged; other models work" in notice
    assert predictions(stack) == {"mlp-128": 503, "mlp-128-64": 200, "conv-32-64": 200}
    for answer in (ask(stack, "/weights"), ask(stack, "/weights", "PATCH", json=ask(stack, "/data").json())):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "corrupt_data")
        assert "repairs that" in answer.json()["error"]["message"]
    assert f"  {made[1]}" in scrawl(stack, "scrawl weights history --model mlp-128")
    command = re.search(r"`(scrawl weights rollback \S+ --model mlp-128)`", notice)
    assert command is not None
    assert made[1] in command[1]
    assert "is current" in scrawl(stack, command[1])
    assert set(predictions(stack).values()) == {200}
    assert history(stack)[1:] == [made[1], made[0], first]

    notice = damage(stack, tmp_path / "data", f"{history(stack)[0]}.safetensors")
    assert f"scrawl weights rollback {made[1]} --model mlp-128" in notice
    assert predictions(stack)["mlp-128"] == 503
    job = ask(stack, "/weights?model=mlp-128", "DELETE").headers["Location"].removeprefix("/api")
    while (state := ask(stack, job).json()["job"]["state"]) in ("queued", "running"):
        pass  # two steps: each question takes as long as one
    assert state == "done"
    assert set(predictions(stack).values()) == {200}
    assert history(stack)[2:] == [made[1], made[0], first]
    assert stack.stop() == 0
    stack.start()
    assert not [line for line in stack.lines if line.startswith("NOTICE: The shared weights")]
    assert set(predictions(stack).values()) == {200}
