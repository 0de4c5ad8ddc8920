"""`scrawl grpc` as a process of its own, on a free port."""

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from infra.paths import ROOT
from tests.support.servers.printed_lines import PrintedLines

START_WITHIN = 120  # seconds; generous: it takes one
COMMAND = [sys.executable, "-m", "infra.cli", "grpc"]


class RunningGrpc:
    """The gRPC server; `logs` are its JSON log lines so far."""

    def __init__(self, *options: str, within: Sequence[str] = (), **environment: str) -> None:
        surroundings = {**os.environ, **environment}
        if "SCRAWL_BUCKET" not in environment:
            surroundings.pop("SCRAWL_BUCKET", None)
        chosen = options if "--address" in options else ("--address", "127.0.0.1:0", *options)
        self.process = subprocess.Popen(
            [*within, *COMMAND, "--log-format", "json", *chosen],
            cwd=ROOT,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.process.kill)  # of a test that failed; one that has ended is left alone
        self.lines = PrintedLines()
        self._reader = threading.Thread(target=self.lines.read, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        watchdog = threading.Timer(START_WITHIN, self.process.kill)
        watchdog.start()
        assert self.process.stdout is not None
        self.said, found = "", None
        for line in self.process.stdout:
            self.said += line
            if found := re.search(r"gRPC on (\S+)", line):
                break
        watchdog.cancel()
        if not found:
            self._reader.join(5)
            raise RuntimeError(f"the server did not start:\n{''.join(self.lines)}")
        self.address = found[1]

    @property
    def logs(self) -> list[dict[str, Any]]:
        """Return what has been logged."""
        return [json.loads(line) for line in self.lines]

    def wait_for(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the log line that fits, which may be written a moment after an answer."""
        found: dict[str, Any] = json.loads(self.lines.wait_for(lambda line: fits(json.loads(line))))
        return found

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """End the process, as Ctrl-C does unless told otherwise, and return its exit status."""
        self.process.send_signal(how)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(5)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        return status


def refused(*options: str, **environment: str) -> str:
    """Run the command, which must refuse to start, and return what it says."""
    ended = subprocess.run(
        [*COMMAND, *options],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=START_WITHIN,
        check=False,
    )
    assert ended.returncode in (1, 2), (ended.returncode, ended.stdout, ended.stderr)
    assert "Traceback" not in ended.stderr
    return ended.stderr
