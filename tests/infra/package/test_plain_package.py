"""What a plain `chalice package` or `chalice deploy` sends: complete, and small enough for some time to come."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from functions import aws
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from infra.package.dependencies import lambda_python
from infra.paths import ROOT
from tests.conftest import copy
from tests.support.api import BUCKET
from tests.support.aws.api_gateway import JSON, TOKEN, authorized, event
from tests.support.servers.lambda_process import LambdaProcess, runtime_folder

pytestmark = [pytest.mark.package, pytest.mark.ci_only]  # it fetches and compresses 47 MB

LARGEST = 48_000_000  # bytes; Lambda takes 52,428,800, and dependencies grow from release to release
LAMBDAS_OWN = ("botocore", "jmespath", "python-dateutil", "six", "urllib3")  # what Lambda's runtime brings
CHALICE = "from chalice.cli import main; import sys; sys.exit(main())"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what `chalice package` writes for a copy of the project as it is in a fresh clone."""
    project = tmp_path_factory.mktemp("project")
    for name in ("app.py", "requirements.txt"):
        shutil.copyfile(ROOT / name, project / name)
    shutil.copytree(ROOT / ".chalice", project / ".chalice", ignore=shutil.ignore_patterns("deploy*"))
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "functions", project / "vendor" / "functions", ignore=ignored)
    command = [sys.executable, "-c", CHALICE, "package", "--stage", "prod", "out"]
    ended = subprocess.run(command, cwd=project, env=os.environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Could not install" not in ended.stdout + ended.stderr
    return project / "out"


def test_what_a_plain_deployment_sends_is_complete_and_far_below_lambdas_limit(packed: Path) -> None:
    template = json.loads((packed / "sam.json").read_text())
    runtimes = {entry["Properties"].get("Runtime") for entry in template["Resources"].values()} - {None}
    assert runtimes == {f"python{lambda_python()}"}
    with zipfile.ZipFile(packed / "deployment.zip") as zipped:
        folders = {name.split("/")[0] for name in zipped.namelist()}
    assert {"app.py", "chalice", "functions", "msgspec", "numpy", "onnxruntime", "orjson", "PIL"} <= folders
    assert (packed / "deployment.zip").stat().st_size <= LARGEST


@pytest.fixture
def settings(seeded: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Return what the hook gives a function, whose bucket is on moto's server."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET)
    copy(seeded, S3Store(client, BUCKET))
    given = {
        "SCRAWL_BUCKET": BUCKET,
        "SCRAWL_STAGE": "prod",
        "SCRAWL_WRITE_TOKEN": TOKEN,
        "SCRAWL_API_PREFIX": "/api",
    }
    yield given | {"AWS_ENDPOINT_URL_S3": address}
    server.stop()


def test_what_a_plain_deployment_sends_answers_under_lambdas_runtime(
    packed: Path, settings: dict[str, str], tmp_path: Path
) -> None:
    with zipfile.ZipFile(packed / "deployment.zip") as zipped:
        zipped.extractall(tmp_path)
    lesson = json.dumps({"data": [{"target": 1, "image": [0.0] * 784}]}).encode()
    with runtime_folder(*LAMBDAS_OWN) as runtime:
        process = LambdaProcess(tmp_path, runtime, "app.app", settings)
        try:
            assert process.invoke(event("GET", "/data", headers={"accept": "*/*"}))["statusCode"] == 200
            assert (
                process.invoke(event("PATCH", "/weights", lesson, authorized(content_type=JSON)))["statusCode"] == 200
            )
        finally:
            process.stop()
