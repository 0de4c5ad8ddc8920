"""`scrawl serve` as a process of its own, on a free port, with a data directory of its own.

It is forked from one that has imported it, unless a test wants the command as a user starts it.

Seeding takes seconds: tests that do not test it start their stack on a copy of a directory that was seeded once.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from infra.paths import ROOT
from tests.support.servers.forked_command import ForkedCommand
from tests.support.servers.printed_lines import PrintedLines

START_WITHIN = 180  # seconds; generous: the kernel may have to be compiled and MNIST to be cut into shards


class RunningStack:
    """The local stack. `stop` and `start` again keep port and data."""

    def __init__(
        self,
        data: Path,
        port: int = 0,
        *,
        copy_of: Path | None = None,
        options: tuple[str, ...] = (),
        as_user: bool = False,
        **environment: str,
    ) -> None:
        """Start a stack.

        Args:
            data: the stack's data directory.
            port: the port to listen on; 0 takes a free one.
            copy_of: a seeded data directory, which is copied to `data` first.
            options: of `scrawl serve`, beside the port and the directory.
            as_user: whether to start it by the command, instead of forking it.
            environment: settings, beside this process's own.
        """
        if copy_of:
            shutil.copytree(copy_of, data, dirs_exist_ok=True)
        self._data = data
        self._port = port
        self._options = options
        forked = "PYTEST_VERSION" in os.environ and sys.platform == "linux"  # benchmarks measure the command itself
        self._start_process = ForkedCommand if forked and not as_user else _from_command
        self._environment = {**os.environ, **environment}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PORT"):
            self._environment.pop(name, None)
        if copy_of and "MNIST_DIR" not in environment:  # the digits are stored: to compare them would take a second
            self._environment.pop("MNIST_DIR", None)
        self.start()

    def start(self) -> None:
        """Start the process and wait until it says where it is."""
        self.lines = PrintedLines()
        arguments = ["serve", "--port", str(self._port), "--data-dir", str(self._data), *self._options]
        self.process = self._start_process(arguments, self._environment)
        watchdog = threading.Timer(START_WITHIN, self.process.kill)
        watchdog.start()
        assert self.process.stdout is not None
        found = None
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(r"http://localhost:(\d+)", line):
                break
        watchdog.cancel()
        if not found:
            raise RuntimeError(f"the stack did not start:\n{self.output}")
        self._port = int(found[1])
        self._reader = threading.Thread(target=self.lines.read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    @property
    def url(self) -> str:
        """Return where the page is, without a slash at the end; the API is at `/api`."""
        return f"http://localhost:{self._port}"

    @property
    def output(self) -> str:
        """Return all that was printed since the last start."""
        return "".join(self.lines)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """End the process, as Ctrl-C does unless told otherwise, and return its exit status."""
        self.process.send_signal(how)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(5)
        return status


def _from_command(arguments: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "infra.cli", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def seed_folder(folder: Path, **environment: str) -> None:
    """Start a stack on an empty data directory, and stop it once it is seeded; the page is built, too."""
    stopped = RunningStack(folder, 0, copy_of=None, options=(), as_user=False, **environment).stop()
    assert stopped == 0


def teach(url: str) -> dict[str, Any]:
    """Take one training step, and return what the API says of it.

    It is a small one: a step that makes the weights worse is taken back, which chance can do on made-up digits.
    """
    sample = requests.get(f"{url}/api/data", timeout=30).json()
    answer = requests.patch(f"{url}/api/weights", json=sample | {"learning_rate": 0.0001}, timeout=30)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
