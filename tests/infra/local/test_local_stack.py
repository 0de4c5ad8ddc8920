"""The local stack as a process: one port, state that survives a restart, and nothing left behind when it stops."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from infra.paths import ROOT
from tests.support.digits import idx_files
from tests.support.servers.running_stack import RunningStack, teach


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder with a few made-up digits."""
    return str(idx_files.write(tmp_path_factory.mktemp("idx")))


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory, digits: str) -> Path:
    """Return the data directory of a stack that has stopped. It is shared: copy it."""
    folder = tmp_path_factory.mktemp("seeded") / "data"
    running = RunningStack(folder, as_user=True, MNIST_DIR=digits)
    assert "Stored: " in running.output
    assert running.stop() == 0
    return folder


@pytest.fixture
def as_user() -> bool:
    """Tell `own_stack` to fork its process; the tests of the command itself say otherwise."""
    return False


@pytest.fixture
def own_stack(tmp_path: Path, digits: str, seeded: Path, as_user: bool) -> Iterator[RunningStack]:
    """Run a stack for one test, which may stop it."""
    running = RunningStack(tmp_path / "data", copy_of=seeded, as_user=as_user, MNIST_DIR=digits)
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGKILL)


def current(url: str) -> str:
    """Return the current version of the weights."""
    version: str = requests.get(f"{url}/api/weights", timeout=30).json()["version"]
    return version


def test_weights_survive_a_restart(own_stack: RunningStack) -> None:
    made = teach(own_stack.url)
    assert own_stack.stop() == 0
    own_stack.start()
    assert current(own_stack.url) == made["version"]


def test_every_answered_step_survives_kill_9(own_stack: RunningStack) -> None:
    for _ in range(3):
        made = [teach(own_stack.url)["version"] for _ in range(2)]
        own_stack.stop(signal.SIGKILL)
        own_stack.start()
        assert current(own_stack.url) == made[-1]


CI_ONLY = pytest.mark.ci_only


@pytest.mark.parametrize("after", [pytest.param(0.1, marks=CI_ONLY), 0.35, pytest.param(0.6, marks=CI_ONLY)])
def test_kill_9_amid_writes_loses_no_answered_step(own_stack: RunningStack, after: float) -> None:
    answered = [teach(own_stack.url)["version"]]

    def keep_teaching() -> None:
        with contextlib.suppress(requests.RequestException):
            while True:
                answered.append(teach(own_stack.url)["version"])

    teacher = threading.Thread(target=keep_teaching)
    teacher.start()
    time.sleep(after)
    own_stack.stop(signal.SIGKILL)
    teacher.join()
    own_stack.start()
    weights = requests.get(f"{own_stack.url}/api/weights", timeout=30).json()
    # The step under way when the process died may have been stored without having been answered.
    assert answered[-1] in (weights["version"], weights["parent"])


def test_write_cut_short_by_kill_9_leaves_the_old_weights(own_stack: RunningStack, tmp_path: Path) -> None:
    before = current(own_stack.url)
    own_stack.stop(signal.SIGKILL)
    (tmp_path / "data" / "s3" / ".weights%2Fmlp-128%2Fcurrent.json.1-2.new").write_bytes(b'{"vers')
    own_stack.start()
    assert current(own_stack.url) == before
    assert not [path for path in (tmp_path / "data" / "s3").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("as_user", [True])
def test_second_start_stores_nothing_again(own_stack: RunningStack) -> None:
    assert "Stored: " not in own_stack.output  # unlike the first start, in `seeded`


@pytest.mark.parametrize("as_user", [True])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_end_is_clean(own_stack: RunningStack, how: signal.Signals) -> None:
    with requests.Session() as visitor:  # whose connection stays open
        visitor.get(f"{own_stack.url}/api/", timeout=30)
        listed = Path(f"/proc/{own_stack.process.pid}/task/{own_stack.process.pid}/children")
        children = listed.read_text().split() if listed.exists() else []
        assert own_stack.stop(how) == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert own_stack.output.endswith("Stopped\n")
    assert "Traceback" not in own_stack.output
    with socket.create_server(("127.0.0.1", int(own_stack.url.rpartition(":")[2]))):
        pass  # the port is free again


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `scrawl` to its end."""
    command = [sys.executable, "-m", "infra.cli", *arguments]
    folder = ROOT
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_port_in_use_is_reported_before_anything_is_done(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run("serve", "--port", str(port), "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 1
    assert f"Port {port} is in use" in ended.stderr
    assert "make serve PORT=" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_folder_in_use_is_reported(own_stack: RunningStack, tmp_path: Path) -> None:
    ended = run("serve", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 1
    assert f"in use by another Scrawl (process {own_stack.process.pid})" in ended.stderr


@pytest.mark.parametrize("port", ["eight", "-1", "65536", "80.5"])
def test_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    ended = run("serve", "--data-dir", str(tmp_path), PORT=port)
    assert ended.returncode == 2
    assert "--port" in ended.stderr
    assert port in ended.stderr


def test_wrong_mnist_dir_is_reported(tmp_path: Path) -> None:
    ended = run("serve", "--port", "0", "--data-dir", str(tmp_path), MNIST_DIR=str(tmp_path / "nowhere"))
    assert ended.returncode == 1
    assert "nowhere, which is not a folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_wrong_setting_of_the_api_is_reported(tmp_path: Path, digits: str) -> None:
    ended = run("serve", "--port", "0", "--data-dir", str(tmp_path), MNIST_DIR=digits, TRAIN_ITER="many")
    assert ended.returncode == 1
    assert "TRAIN_ITER must be" in ended.stderr
    assert "Traceback" not in ended.stderr
