"""`scrawl` in a process that starts with most of what it imports: importing takes longer than all else of a start.

A process of `multiprocessing`, the fork server, has imported it and forks itself for each command. It must have no
threads, which a fork would lose: what loads ONNX Runtime, which starts one, is left for the command to import.
"""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import IO

from infra.paths import ROOT

_IMPORTED = ("infra.cli.main", "infra.dataset.sources", "functions.aws", "chalice.local", "infra.local.s3_server")


class ForkedCommand:
    """A running command, used as one would a `subprocess.Popen` with a pipe for all that it prints."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(_IMPORTED))
        reader, writer = context.Pipe(duplex=False)
        self.stdout: IO[str] = os.fdopen(os.dup(reader.fileno()))
        self._process = context.Process(target=_run, args=(writer, list(arguments), dict(environment)), daemon=True)
        with reader, writer:
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Wait for the end, and return the exit status."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("scrawl", timeout)
        return self._process.exitcode

    def send_signal(self, how: signal.Signals) -> None:
        """Send a signal to a process that still runs."""
        if self.poll() is None:
            os.kill(self.pid, how)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def _run(output: Connection, arguments: list[str], environment: dict[str, str]) -> None:
    """Do what `python -m infra.cli` does, in the forked process."""
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    output.close()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    from infra.cli.main import main

    main(arguments)
