"""A plain deployment is refused, with all that is missing, before anything is made; and not when all is there."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from infra.deploy.aws_errors import DeployError
from infra.package import dependencies
from infra.package.dependencies import PackageError
from infra.paths import ROOT
from infra.plain import checks
from infra.plain.stage_settings import StageSettings
from tests.conftest import copy

READY = StageSettings("scrawl-dev-bucket", "secret", "us-east-1")


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    with mock_aws():
        yield


def refusal(settings: StageSettings = READY) -> str:
    with pytest.raises(DeployError) as refused:
        checks.check("dev", settings, None)
    return str(refused.value)


def make_bucket(seeded: MemoryStore, region: str = "us-east-1", **credentials: str) -> None:
    """Make the bucket, seeded, in a region, and in the account of other credentials if some are given."""
    s3: Any = boto3.client("s3", region_name=region, **credentials)
    extra = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=READY.bucket, **extra)
    copy(seeded, S3Store(s3, str(READY.bucket)))


def test_a_stage_that_has_everything_passes(seeded: MemoryStore) -> None:
    make_bucket(seeded)
    checks.check("dev", READY, None)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (StageSettings(), "no bucket and no token: `scrawl bootstrap --stage dev`"),
        (StageSettings(bucket="b"), "no token: `scrawl bootstrap --stage dev`"),
        (StageSettings(token="t"), "no bucket: `scrawl bootstrap --stage dev`"),
    ],
)
def test_what_bootstrap_provides_is_named(settings: StageSettings, named: str) -> None:
    assert f"- {named}" in refusal(settings)


def test_region_and_credentials_and_settings_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    said = refusal(StageSettings())
    assert said.count("\n- ") == 3
    assert "AWS_DEFAULT_REGION" in said and "no AWS credentials" in said
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert "No AWS credentials" in refusal(StageSettings())


def test_a_bucket_that_is_not_there_or_empty(seeded: MemoryStore) -> None:
    assert "there is no bucket scrawl-dev-bucket: `scrawl bootstrap" in refusal()
    boto3.client("s3").create_bucket(Bucket=READY.bucket)
    assert "lacks digits or weights" in refusal()
    copy(seeded, S3Store(boto3.client("s3"), str(READY.bucket)))
    boto3.client("s3").delete_object(Bucket=READY.bucket, Key="weights/mlp-128/current.json")
    assert "lacks digits or weights" in refusal()


def test_a_bucket_in_another_region(empty: MemoryStore) -> None:
    make_bucket(empty, "eu-west-1")
    assert "is in eu-west-1" in refusal()


def test_a_bucket_of_another_account(empty: MemoryStore) -> None:
    role = boto3.client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/x", RoleSessionName="other")
    other = role["Credentials"]
    make_bucket(
        empty,
        aws_access_key_id=other["AccessKeyId"],
        aws_secret_access_key=other["SecretAccessKey"],
        aws_session_token=other["SessionToken"],
    )
    assert "scrawl-dev-bucket is taken by another account: choose another with SCRAWL_BUCKET" in refusal()


def test_an_interpreter_that_lambda_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "PYTHONS", ((3, 9),))
    with pytest.raises(PackageError, match=r"it runs 3\.9"):
        checks.check("dev", READY, None)


def test_a_stage_that_the_configuration_does_not_have() -> None:
    checks.check_stage("prod", ROOT)
    with pytest.raises(DeployError, match=r"no stage 'test' in \.chalice/config\.json; it has dev, prod"):
        checks.check_stage("test", ROOT)
