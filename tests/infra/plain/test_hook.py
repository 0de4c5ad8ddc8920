"""`chalice` as a user types it, in a copy of the project, against moto's server."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from infra.paths import ROOT
from tests.conftest import copy
from tests.support.aws.cloud import cloud

CHALICE = "from chalice.cli import main; import sys; sys.exit(main())"
BUCKET = "scrawl-dev-of-mine"


@pytest.fixture
def account() -> Iterator[str]:
    """Return the address of an empty account."""
    with cloud() as address:
        yield address


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of what Chalice reads, without dependencies, which moto does not need."""
    shutil.copyfile(ROOT / "app.py", tmp_path / "app.py")
    shutil.copytree(ROOT / ".chalice", tmp_path / ".chalice", ignore=shutil.ignore_patterns("deploy*"))
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "functions").symlink_to(ROOT / "functions")
    return tmp_path


def chalice(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("SCRAWL_")}
    return subprocess.run(
        [sys.executable, "-c", CHALICE, *arguments],
        cwd=project,
        env=variables | {"AWS_EC2_METADATA_DISABLED": "true"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def made() -> list[str]:
    """Return the names of what Chalice has made in the account."""
    roles = [role["RoleName"] for role in boto3.client("iam").list_roles()["Roles"]]
    functions = [entry["FunctionName"] for entry in boto3.client("lambda").list_functions()["Functions"]]
    return roles + functions


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--stage", "test"), "there is no stage 'test'"),
        (("--stage", "prod"), f"there is no bucket {BUCKET}: `scrawl bootstrap --stage prod` makes it"),
    ],
)
def test_a_deployment_that_would_not_work_is_refused_before_anything_is_made(
    project: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = chalice(project, "deploy", *arguments, SCRAWL_BUCKET=BUCKET, SCRAWL_WRITE_TOKEN="secret")
    assert (ended.returncode, made()) == (1, [])
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr and "Creating" not in ended.stdout


@pytest.mark.usefixtures("account")
def test_a_deployment_gives_the_functions_their_bucket_token_and_policies(project: Path, seeded: MemoryStore) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    copy(seeded, S3Store(s3, BUCKET))
    ended = chalice(project, "deploy", SCRAWL_BUCKET=BUCKET, SCRAWL_WRITE_TOKEN="secret")
    # Of the API, which comes last, moto does not take Chalice's description.
    assert {"scrawl-dev", "scrawl-dev-retrain"} <= set(made()), ended.stdout + ended.stderr
    for name in ("scrawl-dev", "scrawl-dev-retrain"):
        variables = boto3.client("lambda").get_function(FunctionName=name)["Configuration"]["Environment"][
            "Variables"
        ]
        assert (variables["SCRAWL_BUCKET"], variables["SCRAWL_WRITE_TOKEN"]) == (BUCKET, "secret")
        assert variables["SCRAWL_RETRAIN_FUNCTION"] == "scrawl-dev-retrain"
    iam = boto3.client("iam")
    for role in iam.list_roles()["Roles"]:
        for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            document = json.dumps(iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)["PolicyDocument"])
            assert f"arn:aws:s3:::{BUCKET}/weights/*" in document
            assert "scrawl-prod" not in document
    committed = (project / ".chalice" / "config.json").read_text()
    assert "secret" not in committed and BUCKET not in committed


def test_a_package_says_that_it_has_no_bucket_and_no_token(project: Path) -> None:
    ended = chalice(project, "package", "out")
    assert ended.returncode == 0, ended.stderr
    assert "no bucket and no token: `scrawl bootstrap --stage dev`" in ended.stderr
    given = chalice(project, "package", "out", SCRAWL_BUCKET=BUCKET, SCRAWL_WRITE_TOKEN="secret")
    assert "NOTICE" not in given.stderr
    template = (project / "out" / "sam.json").read_text()
    assert f'"{BUCKET}"' in template and f"arn:aws:s3:::{BUCKET}/weights/*" in template
