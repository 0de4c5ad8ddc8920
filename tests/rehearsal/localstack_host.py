"""Runs LocalStack, in its own environment, with its Lambdas as processes under AWS's runtime client.

LocalStack's only executor wants Docker. `PackageExecutor` takes its place: it starts the very package that was
deployed, with nothing else on its path. And its S3 lets two guarded writes to one key of a versioned bucket both
succeed, since it locks single versions: here they come one at a time. `emulator` starts this program.
"""

import functools
import json
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localstack.runtime.main import main
from localstack.services.kinesis.packages import KinesisMockNodePackageInstaller
from localstack.services.lambda_.invocation import execution_environment, runtime_executor, version_manager
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor
from localstack.services.s3.provider import S3Provider

from tests.support.servers.lambda_process import LambdaError, LambdaProcess

RUNTIME = "REHEARSAL_RUNTIME"  # the folder with AWS's runtime client
KINESIS = "REHEARSAL_KINESIS"  # the folder that `tests.rehearsal.kinesis` fetched it into
_NOT_HERE = ("LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "_HANDLER", "AWS_EXECUTION_ENV")  # a container's
_ADDRESS = "127.0.0.1"


class PackageExecutor(RuntimeExecutor):  # type: ignore[misc]  # LocalStack is installed elsewhere
    """One copy of a function."""

    process: LambdaProcess | None = None

    def __init__(self, id: str, function_version: Any) -> None:  # noqa: A002 — LocalStack's name
        super().__init__(id, function_version)
        self._log = Path(tempfile.gettempdir()) / f"{id}.log"

    def start(self, env_vars: dict[str, Any]) -> None:
        """Start the process; a failed init is what its first invocation answers."""
        settings = {name: str(value) for name, value in env_vars.items() if name not in _NOT_HERE}
        config = self.function_version.config
        try:
            self.process = LambdaProcess(
                config.code.get_unzipped_code_location(),
                Path(os.environ[RUNTIME]),
                config.handler,
                settings,
                self._log,
            )
        except LambdaError as error:
            raise StatusErrorException("the init failed", payload=json.dumps(error.details).encode()) from error

    def stop(self) -> None:
        """End the process."""
        if self.process:
            self.process.stop()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Hand an event over."""
        assert self.process
        timeout = float(self.function_version.config.timeout)
        outcome = self.process.api.invoke(payload["payload"].encode(), timeout, payload["invoked-function-arn"])
        return InvocationResult(payload["invoke-id"], outcome.body, outcome.failed, self.get_logs())

    def get_address(self) -> str:
        """Return where the process is."""
        return _ADDRESS

    def get_endpoint_from_executor(self) -> str:
        """Return where LocalStack is, as the process sees it."""
        return _ADDRESS

    def get_runtime_endpoint(self) -> str:
        """Return an address that nobody asks: the process has a Runtime API of its own."""
        return f"http://{_ADDRESS}"

    def get_logs(self) -> str:
        """Return what the process has printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @classmethod
    def prepare_version(cls, function_version: Any) -> None:
        """Unpack the package."""
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: Any) -> None:
        """Leave the package to LocalStack, which removes it."""


def executor() -> type[PackageExecutor]:
    """Return what LocalStack is to run functions with."""
    return PackageExecutor


def one_at_a_time[**P, R](action: Callable[P, R]) -> Callable[P, R]:
    """Return a function that waits while another thread is in it."""
    lock = threading.Lock()

    @functools.wraps(action)
    def alone(*args: P.args, **named: P.kwargs) -> R:
        with lock:
            return action(*args, **named)

    return alone


if __name__ == "__main__":
    KinesisMockNodePackageInstaller._get_install_dir = lambda *_: os.environ[KINESIS]
    S3Provider.put_object = one_at_a_time(S3Provider.put_object)
    for module in (runtime_executor, execution_environment, version_manager):
        module.get_runtime_executor = executor
    main()
