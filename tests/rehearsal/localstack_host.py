"""Runs LocalStack, in its own environment, with its Lambdas as processes under AWS's runtime client.

LocalStack's only executor wants Docker. `PackageExecutor` takes its place: it starts the very package that was
deployed, with nothing else on its path. `emulator` starts this program.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from localstack.runtime.main import main
from localstack.services.lambda_.invocation import execution_environment, runtime_executor, version_manager
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from tests.support.servers.lambda_process import LambdaError, LambdaProcess

RUNTIME = "REHEARSAL_RUNTIME"  # the folder with AWS's runtime client
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


if __name__ == "__main__":
    for module in (runtime_executor, execution_environment, version_manager):
        module.get_runtime_executor = executor
    main()
