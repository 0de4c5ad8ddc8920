"""The Lambda package as it is deployed: unpacked into an empty folder, run with nothing else on its path.

The functions are called with API Gateway's events, in an interpreter of its own, against a seeded bucket on moto's
server. What the answers should be is tested elsewhere; here it is whether anything is missing.
"""

import base64
import io
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from PIL import Image

from functions import aws
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from infra.dataset.sources import DigitSplits
from infra.deploy.checked_package import obtain
from infra.package import dependencies, lambda_package
from infra.package.dependencies import LOCK, PackageError
from infra.paths import ROOT
from tests.conftest import copy
from tests.support.api import BUCKET

# Runs in the unpacked folder: reads events from the standard input, a line each, and prints what the Lambdas return.
HOST = """
import json, sys
sys.path[:] = [path for path in sys.path if not path.endswith("-packages")]
sys.path.insert(0, sys.argv[1])
import app
class Context:
    function_name, function_version, memory_limit_in_mb, aws_request_id = "scrawl", "1", "1769", "test"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:scrawl"
    get_remaining_time_in_millis = staticmethod(lambda: 880_000)
for line in sys.stdin:
    name, event = json.loads(line)
    print("answer " + json.dumps(getattr(app, name)(event, Context())), flush=True)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with deployment.zip and sam.json, of which there are two kinds of Lambda here."""
    out = tmp_path_factory.mktemp("package")
    lambda_package.build(out, "prod", "x86_64")
    return out


@pytest.fixture
def small_dependencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have packages built with one file in place of each dependency, since packing all of them takes long."""
    folder = tmp_path / "dependencies"
    for name in ("numpy", "onnxruntime", "PIL", "botocore"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.pyc").write_bytes(b"code")
    monkeypatch.setattr(dependencies, "fetch", lambda *_: folder)


@pytest.fixture
def endpoint(seeded: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run moto's server with a seeded bucket."""
    server = ThreadedMotoServer(port=0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET)
    copy(seeded, S3Store(client, BUCKET))
    yield address
    server.stop()


def event(method: str, path: str, body: bytes = b"", **headers: str) -> dict[str, Any]:
    """Return what API Gateway hands over, with the resource being the path."""
    headers = {"accept": "*/*", "authorization": "Bearer secret"} | headers
    return {
        "httpMethod": method,
        "resource": path,
        "path": path,
        "pathParameters": None,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
        "requestContext": {"httpMethod": method, "resourcePath": path, "identity": {"sourceIp": "127.0.0.1"}},
    }


def run(folder: Path, endpoint: str, *calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Call functions of the package and return their answers."""
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_FUNCTION_NAME": "scrawl",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": endpoint,
        "SCRAWL_BUCKET": BUCKET,
        "SCRAWL_STAGE": "prod",
        "SCRAWL_WRITE_TOKEN": "secret",
        "TRAIN_ITER": "20",
    }
    ended = subprocess.run(
        [sys.executable, "-I", "-c", HOST, str(folder)],
        cwd=folder,
        env=environment,
        input="".join(json.dumps(call) + "\n" for call in calls),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return [json.loads(line[7:]) for line in ended.stdout.splitlines() if line.startswith("answer ")]


def test_the_package_answers_with_nothing_else_on_its_path(
    package: Path, endpoint: str, digits: DigitSplits, tmp_path: Path
) -> None:
    with zipfile.ZipFile(package / "deployment.zip") as zipped:
        zipped.extractall(tmp_path)
    test = digits.splits["test"]
    tensor = json.dumps({"tensor": (test.pixels[0] / 255).tolist()}).encode()
    picture = io.BytesIO()
    Image.fromarray(255 - test.pixels[0].reshape(28, 28)).resize((200, 200)).save(picture, "JPEG")
    answers = run(
        tmp_path,
        endpoint,
        ("app", event("POST", "/predict", tensor, **{"content-type": "application/json"})),
        ("app", event("POST", "/predict", picture.getvalue(), **{"content-type": "image/jpeg"})),
        ("app", event("POST", "/datablock", b'{"block": 5}', accept="application/octet-stream")),
        ("app", event("GET", "/weights", accept="application/vnd.safetensors")),
        ("app", event("PATCH", "/weights", json.dumps({"data": [{"target": 1, "image": [0.0] * 784}]}).encode())),
        ("app", event("GET", "/openapi.json")),
        ("app", event("GET", "/v2/health/ready")),
    )
    assert [answer["statusCode"] for answer in answers] == [200] * len(answers), answers
    bodies = [base64.b64decode(answer["body"]) for answer in answers]
    assert [json.loads(body)["label"] for body in bodies[:2]] == [int(test.labels[0])] * 2
    assert bodies[2].startswith(b"SCRB")
    assert len(bodies[3]) > 400_000


def test_the_retraining_lambda_trains(package: Path, endpoint: str, tmp_path: Path) -> None:
    from functions import aws
    from functions.jobs.jobs import JobsRepository

    with zipfile.ZipFile(package / "deployment.zip") as zipped:
        zipped.extractall(tmp_path)
    job = JobsRepository(S3Store(aws.client("s3"), BUCKET)).start("mlp-128", 20)
    (done,) = run(tmp_path, endpoint, ("retrain", {"job": job.id}))
    assert (done["state"], done["iteration"]) == ("done", 20), done.get("error")


def test_the_package_holds_what_it_must_and_nothing_foreign(package: Path) -> None:
    with zipfile.ZipFile(package / "deployment.zip") as zipped:
        names = zipped.namelist()
        assert {entry.date_time for entry in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert any(name.startswith("onnxruntime/") for name in names)
    assert not [name for name in names if name.startswith(("infra/", "model_export/", "onnx/", "moto/", "tests/"))]
    assert names == sorted(names)


def test_everything_in_the_package_is_compiled_and_what_has_sources_is_checked_against_them(package: Path) -> None:
    """What a Lambda compiles it cannot keep: it would do so at each cold start."""
    with zipfile.ZipFile(package / "deployment.zip") as zipped:
        names = zipped.namelist()
        sources = [Path(name) for name in names if name.endswith(".py")]
        assert {source.parts[0] for source in sources} == {"app.py", "chalice", "functions"}
        compiled = [
            str(source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc")
            for source in sources
        ]
        assert set(compiled) == {name for name in names if "__pycache__" in name}
        for name in compiled:
            assert zipped.read(name)[4:8] == b"\x03\0\0\0"  # PEP 552: by hash, which is checked


def test_what_is_built_is_accepted_for_deployment(package: Path) -> None:
    obtained = obtain(package, "prod", "x86_64", print)
    assert obtained.body == (package / "deployment.zip").read_bytes()


@pytest.mark.usefixtures("small_dependencies")
def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    for out in ("first", "second"):
        lambda_package.build(tmp_path / out, "prod", "x86_64")
    for name in ("deployment.zip", "sam.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_a_plain_deployment_takes_botocore_from_lambda_and_the_package_brings_its_own() -> None:
    """With botocore, what `chalice deploy` sends would exceed the 50 MB that Lambda takes: 63 MB, without 46 MB."""
    wanted = re.findall(r"^[a-z][\w-]*", (LOCK.with_name("plain-requirements.in")).read_text(), re.MULTILINE)
    plain = re.findall(r"^[a-z][\w-]*==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    locked = re.findall(r"^[a-z][\w-]*==\S+", LOCK.read_text(), re.MULTILINE)
    installed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert set(plain) <= set(locked), "fix it again: make lock"
    plain_names, locked_names = ({line.partition("==")[0] for line in lines} for lines in (plain, locked))
    assert not {"boto3", "botocore"} & plain_names
    assert set(wanted) <= plain_names
    assert "botocore" in locked_names
    assert {*wanted, "botocore", "chalice"} <= {re.split("[>=]", line)[0] for line in installed}


@pytest.mark.usefixtures("small_dependencies")
def test_what_lambda_does_not_take_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deployment.zip").write_bytes(b"old")
    monkeypatch.setattr(lambda_package, "LARGEST_ZIP", 1000)
    with pytest.raises(PackageError, match="of which Lambda takes 1,000"):
        lambda_package.build(tmp_path, "prod", "x86_64")
    assert (tmp_path / "deployment.zip").read_bytes() == b"old"


def test_a_python_that_lambda_does_not_have_is_refused_with_what_to_do() -> None:
    assert [dependencies.lambda_python(version) for version in dependencies.PYTHONS] == ["3.12", "3.13", "3.14"]
    with pytest.raises(PackageError, match=r"no Python 3\.15: it runs 3\.12, 3\.13, 3\.14\. .*PYTHON=python3\.14"):
        dependencies.lambda_python((3, 15))
