"""What is said when credentials, region, stage, bucket, package, page or stack are not as they should be."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from infra.deploy import stack_parameters
from infra.deploy.aws_errors import DeployError
from infra.deploy.deployment import Plan, deploy
from infra.deploy.dry_run import dry_run
from infra.deploy.status import status
from tests.support.aws import cloud
from tests.support.aws.cloud import REGION, STAGE, objects, write_page

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run an empty account, and return its address."""
    monkeypatch.setattr(stack_parameters, "STATE", tmp_path / "state")
    with cloud.cloud() as address:
        yield address


@pytest.fixture
def plan(address: str, tmp_path: Path) -> Plan:
    """Return what could be deployed there."""
    assert address
    return cloud.plan(tmp_path)


def refusal(plan: Plan) -> str:
    """Return why it is not deployed; a dry run says the same, and neither leaves anything behind."""
    said = []
    for run in (dry_run, deploy):
        with pytest.raises(DeployError) as refused:
            run(plan, lambda _: None)
        said.append(str(refused.value))
    assert said[0] == said[1]
    return said[0]


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (dict.fromkeys(KEYS), "No AWS credentials: .* Sign in with `aws sso login`"),
        ({KEYS[1]: None}, "No AWS credentials: Partial credentials .*AWS_SECRET_ACCESS_KEY"),
        ({"AWS_PROFILE": "work"}, r"profile \(work\) could not be found: .*aws configure list-profiles"),
        ({"AWS_DEFAULT_REGION": None}, "No AWS region: name one with --region, as in --region eu-central-1"),
        ({"AWS_DEFAULT_REGION": "us-est-1"}, "'us-est-1' is no region .*; did you mean .*us-east-1"),
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, "AWS is set up wrongly: Invalid endpoint: .* like http://localhost"),
        ({"AWS_MAX_ATTEMPTS": "often"}, "AWS is set up wrongly: .*'often'"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS cannot be reached: .* Is there a network"),
    ],
)
def test_wrong_environments_are_reported_plainly(
    plan: Plan, environment: dict[str, str | None], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in environment.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(DeployError, match=message):
        deploy(plan, lambda _: None)
    with pytest.raises(DeployError, match=message):
        status(STAGE, None, lambda _: None)


def test_something_else_that_answers_for_aws(plan: Plan, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"{address}/moto-api")  # a page for people
    with pytest.raises(DeployError, match="What answered is not AWS: is a proxy in between"):
        deploy(plan, lambda _: None)


def test_credentials_that_aws_does_not_take(plan: Plan, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="someone")
    key = iam.create_access_key(UserName="someone")["AccessKey"]
    requests.post(f"{address}/moto-api/reset-auth", data=b"0", timeout=30)
    try:
        monkeypatch.setenv(KEYS[0], "AKIAIOSFODNN7EXAMPLE")
        assert "AWS does not know these credentials" in refusal(plan)
        monkeypatch.setenv(KEYS[0], key["AccessKeyId"])
        assert "the secret key does not belong to the key's id" in refusal(plan)
        monkeypatch.setenv(KEYS[1], key["SecretAccessKey"])
        assert "may not do" in refusal(plan)
        assert "docs/deploy.md lists what they need" in refusal(plan)
    finally:
        requests.post(f"{address}/moto-api/reset-auth", data=b"inf", timeout=30)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stage": "Prod"}, "a stage's name has 2 to 20 of a-z, 0-9 and -, .*; got 'Prod'"),
        ({"stage": "p"}, "got 'p'"),
        ({"stage": "staging-"}, "got 'staging-'"),
        ({"stage": "../prod"}, "got '../prod'"),
        ({"stage": "local"}, "the stage 'local' is that of `scrawl serve`"),
        ({"stage": "test"}, r"sam.json is for stage 'test' only if it says so; it has: prod"),
        ({"parameters": ("Budget",)}, "--parameter takes NAME=VALUE, .* got 'Budget'"),
        ({"parameters": ("Budget=5",)}, "no parameter 'Budget'; it has: MonthlyBudget, WriteToken"),
        ({"parameters": ("WriteToken=secret",)}, "set SCRAWL_WRITE_TOKEN instead"),
        ({"parameters": ("OriginSecret=secret",)}, "set SCRAWL_ORIGIN_SECRET instead"),
    ],
)
def test_wrong_options_are_reported_plainly(plan: Plan, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(DeployError, match=message):
        dry_run(replace(plan, **changed), lambda _: None)
    with pytest.raises(DeployError, match=message):
        deploy(replace(plan, **changed), lambda _: None)
    assert not boto3.client("cloudformation").list_stacks()["StackSummaries"]


def test_a_bucket_name_that_someone_else_has(plan: Plan) -> None:
    role = boto3.client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/x", RoleSessionName="other")
    other = role["Credentials"]
    boto3.client(
        "s3",
        aws_access_key_id=other["AccessKeyId"],
        aws_secret_access_key=other["SecretAccessKey"],
        aws_session_token=other["SessionToken"],
    ).create_bucket(Bucket="my-packages")
    assert "my-packages is taken by another account" in refusal(replace(plan, artefact_bucket="my-packages"))
    assert objects() == {}


def test_a_bucket_in_another_region(plan: Plan) -> None:
    where = {"LocationConstraint": "eu-central-1"}
    boto3.client("s3").create_bucket(Bucket="far-away", CreateBucketConfiguration=where)
    assert "far-away is in eu-central-1, but Lambda" in refusal(replace(plan, artefact_bucket="far-away"))


def test_a_page_that_is_not_built_or_only_half(plan: Plan, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no built page in" in refusal(replace(plan, site=empty))
    assert "scrawl build-site --out" in refusal(replace(plan, site=empty))
    half = write_page(tmp_path / "half")
    (half / "assets/first0000000/scrawl.js").unlink()
    assert "lacks assets/first0000000/scrawl.js" in refusal(replace(plan, site=half))
    assert objects() == {}


def test_an_old_python_gets_a_plain_message_and_not_a_syntax_error() -> None:
    code = "import sys; sys.version_info = (3, 11, 9); import infra.cli"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Scrawl needs Python 3.12 or newer")
    assert "Traceback" not in ended.stderr


def test_the_command_line_says_errors_without_a_traceback(address: str) -> None:
    command = [sys.executable, "-m", "infra.cli", "deploy", "--stage", "Prod", "--region", REGION]
    environment = os.environ | {"AWS_ENDPOINT_URL": address}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: a stage's name has 2 to 20 of")
    command = [sys.executable, "-m", "infra.cli", "status", "--region", REGION]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "Stack: there is none" in ended.stdout
