"""Starts and stops LocalStack for a rehearsal, in its own environment, with a folder of its own for all it keeps."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from infra.paths import ROOT
from tests.rehearsal import kinesis
from tests.support.servers.lambda_process import runtime_folder

PYTHON = ROOT / ".venv-rehearsal" / "bin" / "python"
ADDRESS = "127.0.0.1:4566"  # some of LocalStack's own addresses have this port in them
URL = f"http://{ADDRESS}"
SERVICES = "apigateway,cloudformation,cloudwatch,iam,lambda,logs,s3,sns,sqs,sts"
STREAM = ",kinesis"  # where it can be fetched: `kinesis.fetch`
START_WITHIN = 600  # seconds; it starts within ten, but not on a busy machine


class EmulatorError(RuntimeError):
    """LocalStack does not run; the message says what it printed."""


@contextmanager
def emulator(log: Path, services: str = SERVICES) -> Iterator[str]:
    """Run LocalStack with an empty account, and yield its address.

    Raises:
        EmulatorError: when it is not installed, its port is taken, or it does not start.
    """
    if not PYTHON.exists():
        raise EmulatorError(f"{PYTHON} is missing: `make rehearse` installs it")
    if _answers():
        raise EmulatorError(f"something else answers on {ADDRESS}, which LocalStack wants: end that first")
    with tempfile.TemporaryDirectory() as folder, runtime_folder() as runtime, log.open("wb") as output:
        process = subprocess.Popen(
            [PYTHON, "-m", "tests.rehearsal.localstack_host"],
            cwd=ROOT,
            env=_environment(Path(folder), runtime, services),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, log)
            yield URL
        finally:
            process.kill()  # it takes long to end by itself, and nothing of it is wanted
            process.wait()


def _environment(folder: Path, runtime: Path, services: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": str(ROOT),
        "FILESYSTEM_ROOT": str(folder / "filesystem"),
        "OVERRIDE_IN_DOCKER": "0",  # in any container it would write outside its folder
        "GATEWAY_LISTEN": ADDRESS,
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "SERVICES": services,
        "STRICT_SERVICE_LOADING": "1",
        "DNS_ADDRESS": "0",
        "PROVIDER_OVERRIDE_CLOUDFORMATION": "engine-legacy",
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",  # CloudFront, alarms' budget
        "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT": "120",
        "REHEARSAL_RUNTIME": str(runtime),
        "REHEARSAL_KINESIS": str(kinesis.FOLDER),
        "KINESIS_MOCK_VERSION": kinesis.VERSION,
    }


def _wait(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while not _answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmulatorError(f"LocalStack did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.5)


def _answers() -> bool:
    try:
        return requests.get(f"{URL}/_localstack/health", timeout=2).ok
    except requests.RequestException:
        return False
