"""`scrawl bootstrap` makes the bucket, fills it and keeps the token, so that the check before a deployment passes."""

from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from infra.deploy.aws_errors import DeployError
from infra.plain import checks, stage_settings
from infra.plain.bootstrap import bootstrap
from tests.support.digits import idx_files

NAME = "scrawl-dev-123456789012-us-east-1"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_settings, "STATE", tmp_path / "state")
    monkeypatch.setenv("MNIST_DIR", str(idx_files.write(tmp_path)))
    for name in ("SCRAWL_BUCKET", "SCRAWL_WRITE_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@mock_aws
def test_a_stage_can_be_deployed_after_it_and_a_second_run_changes_nothing() -> None:
    said: list[str] = []
    bootstrap("dev", None, None, said.append)
    assert f"Made the bucket {NAME}" in said
    assert said[-1] == "Now: chalice deploy --stage dev"
    settings = stage_settings.read("dev", {})
    assert settings.bucket == NAME and settings.token and len(settings.token) > 40
    assert not any(settings.token in line for line in said)
    checks.check("dev", settings, None)
    blocked = boto3.client("s3").get_public_access_block(Bucket=NAME)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())

    again: list[str] = []
    bootstrap("dev", None, None, again.append)
    assert stage_settings.read("dev", {}) == settings
    assert not [line for line in again if line.startswith(("Made", "Stored"))]


@mock_aws
def test_an_unknown_stage_and_a_wrong_name_make_nothing() -> None:
    for stage, message in (("test", "no stage 'test'"), ("../x", "a stage's name has"), ("local", "scrawl serve")):
        with pytest.raises(DeployError, match=message):
            bootstrap(stage, None, None, print)
    assert boto3.client("s3").list_buckets()["Buckets"] == []


@mock_aws
def test_without_a_region_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(DeployError, match="No AWS region"):
        bootstrap("dev", None, None, print)


def test_only_the_user_can_read_the_token_and_the_environment_comes_first() -> None:
    stored = stage_settings.StageSettings("b", "secret", "eu-central-1")
    stage_settings.write("dev", stored)
    assert stage_settings.path("dev").stat().st_mode & 0o777 == 0o600
    assert stage_settings.read("dev", {}) == stored
    assert "secret" not in repr(stored)
    chosen = stage_settings.read("dev", {"SCRAWL_BUCKET": "mine", "SCRAWL_WRITE_TOKEN": "other"})
    assert (chosen.bucket, chosen.token, chosen.region) == ("mine", "other", None)
    stage_settings.path("dev").write_text('{"bucket": 5')
    with pytest.raises(DeployError, match="is damaged"):
        stage_settings.read("dev", {})
