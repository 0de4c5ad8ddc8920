"""Forked commands end as those do that are started, and are forked from a process without ONNX Runtime's threads."""

import os
import signal
import sys
from multiprocessing import forkserver
from pathlib import Path

import pytest

from tests.support.servers.forked_command import ForkedCommand

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, nothing is forked")


def test_output_and_status_of_a_command_are_those_of_the_started_one() -> None:
    command = ForkedCommand(["serve"], os.environ | {"PORT": "eight"})
    assert "'eight' is not a valid integer" in command.stdout.read()
    assert command.wait(60) == 2
    assert command.poll() == 2


def test_killed_command_says_by_which_signal(tmp_path: Path) -> None:
    pipe = tmp_path / "picture"
    os.mkfifo(pipe)
    command = ForkedCommand(["predict", str(pipe)], os.environ)
    with pipe.open("wb"):  # once the command has opened it, too
        assert command.poll() is None
        command.kill()
        assert command.wait(60) == -signal.SIGKILL
    command.send_signal(signal.SIGKILL)  # to nobody


def test_process_that_forks_has_not_loaded_onnx_runtime() -> None:
    assert ForkedCommand(["--version"], os.environ).wait(60) == 0
    loaded = Path(f"/proc/{forkserver._forkserver._forkserver_pid}/maps").read_text()  # type: ignore[attr-defined]
    assert "numpy" in loaded
    assert "onnxruntime" not in loaded
