"""A function of a Lambda package, run by AWS's own runtime client in an interpreter that has nothing else.

As in a Lambda, the process sees only the package and `awslambdaric`: no site-packages, no environment of ours, and it
keeps nothing that it compiles. The standard library is enough for this module; see `runtime_api`.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from tests.support.servers.runtime_api import RuntimeApi

START_WITHIN = 120  # seconds; generous, on a busy machine
RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
_PROGRAM = """
import sys
sys.path[:0] = sys.argv[1].split(":")
from awslambdaric.__main__ import main
main(["bootstrap", sys.argv[2]])
"""


class LambdaError(RuntimeError):
    """The function could not start, or ended with an error; `details` is what Lambda would be told."""

    def __init__(self, details: dict[str, Any]) -> None:
        super().__init__(f"{details.get('errorType')}: {details.get('errorMessage')}")
        self.details = details


@contextlib.contextmanager
def runtime_folder(*also: str) -> Iterator[Path]:
    """Yield a folder with the runtime client alone, as Lambda's own is, and with other packages named."""
    with tempfile.TemporaryDirectory() as name:
        for package in (*RUNTIME, *also):
            found = distribution(package)
            for part in {file.parts[0] for file in found.files or () if not file.parts[0].startswith("..")}:
                link = Path(name) / part
                if not link.exists() and part != "__pycache__":
                    link.symlink_to(Path(str(found.locate_file(part))).resolve())
        yield Path(name)


class LambdaProcess:
    """One copy of a function, started and waiting for events. `stop` ends it."""

    def __init__(
        self, package: Path, runtime: Path, handler: str, environment: Mapping[str, str], log: Path | None = None
    ) -> None:
        """Start it and wait for the end of its init.

        Args:
            package: the unpacked package.
            runtime: what `runtime_folder` yields.
            handler: such as `app.app`.
            environment: beside what Lambda itself sets.
            log: where its output goes; nowhere if it is not given.

        Raises:
            LambdaError: when the init fails.
        """
        self.api = RuntimeApi()
        sink: Any = log.open("ab") if log else contextlib.nullcontext(subprocess.DEVNULL)
        path = os.pathsep.join((str(package), str(runtime)))
        started = time.perf_counter()
        with sink as output:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", _PROGRAM, path, handler],
                cwd=package,
                env=_lambda_environment(package, runtime, handler, self.api.address) | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_for_init()
        self.init_s = self.api.ready_at - started

    def invoke(self, event: Any, seconds: float = 60.0, arn: str | None = None) -> Any:
        """Return what the function answers.

        Raises:
            LambdaError: when it raises.
        """
        named = {"arn": arn} if arn else {}
        outcome = self.api.invoke(json.dumps(event).encode(), seconds, **named)
        answer = json.loads(outcome.body)
        if outcome.failed:
            raise LambdaError(answer)
        return answer

    def stop(self) -> None:
        """End the process and its Runtime API."""
        self.process.kill()
        self.process.wait()
        self.api.close()

    def _wait_for_init(self) -> None:
        deadline = time.monotonic() + START_WITHIN
        while not self.api.ready.wait(0.05):
            if self.process.poll() is not None and not self.api.ready.wait(0.5):
                self._fail({"errorType": "Runtime.ExitError", "errorMessage": f"exit {self.process.returncode}"})
            if time.monotonic() > deadline:
                self._fail({"errorType": "Sandbox.Timedout", "errorMessage": "the init takes too long"})
        if self.api.init_error:
            self._fail(json.loads(self.api.init_error.body))

    def _fail(self, details: dict[str, Any]) -> None:
        self.stop()
        raise LambdaError(details)


def _lambda_environment(package: Path, runtime: Path, handler: str, api: str) -> dict[str, str]:
    """Return what Lambda sets itself."""
    return {
        "_HANDLER": handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_NAME": "scrawl",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/scrawl",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "LAMBDA_RUNTIME_DIR": str(runtime),
        "LAMBDA_TASK_ROOT": str(package),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
    }
