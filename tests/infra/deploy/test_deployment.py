"""`scrawl deploy` and `destroy` from end to end, against moto's server: a new stage, again, changes, the end."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import msgspec
import pytest

from functions.dataset.shards import ShardedDataset
from functions.models.manifest import Interface, ModelManifest
from functions.storage.s3 import S3Store
from infra.cloudformation import template as stack_template
from infra.dataset.seeding import seed
from infra.deploy import checked_package, stack_parameters
from infra.deploy.aws_errors import DeployError
from infra.deploy.deployment import Plan, deploy
from infra.deploy.destroy import destroy
from infra.deploy.dry_run import dry_run
from infra.deploy.status import status
from infra.package import lambda_package
from infra.paths import ROOT
from tests.support.aws import cloud
from tests.support.aws.cloud import (
    ACCOUNT,
    NOWHERE,
    REGION,
    STAGE,
    bucket_of,
    objects,
    template,
    write_package,
    write_page,
)
from tests.support.digits import idx_files

ARTEFACTS = f"scrawl-artefacts-{ACCOUNT}-{REGION}"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plan]:
    """Return what to deploy, to an empty account."""
    monkeypatch.setenv("MNIST_DIR", str(idx_files.write(tmp_path / "idx")))
    monkeypatch.setattr(stack_parameters, "STATE", tmp_path / "state")
    with cloud.cloud():
        yield cloud.plan(tmp_path)


def run(plan: Plan) -> str:
    lines: list[str] = []
    deploy(plan, lines.append)
    return "\n".join(lines)


def rehearse(plan: Plan) -> str:
    lines: list[str] = []
    dry_run(plan, lines.append)
    return "\n".join(lines)


def invalidations() -> list[list[str]]:
    client = boto3.client("cloudfront")
    distribution = client.list_distributions()["DistributionList"]["Items"][0]["Id"]
    found = client.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
    batches = [client.get_invalidation(DistributionId=distribution, Id=entry["Id"]) for entry in found]
    return [batch["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] for batch in batches]


def test_a_stage_is_made_then_left_alone_then_brought_up_to_date(plan: Plan, tmp_path: Path) -> None:
    said = rehearse(plan)
    assert "scrawl-prod would be made, with 4 resources" in said
    assert "+ SiteBucket (AWS::S3::Bucket)" in said
    assert objects() == {}
    assert not (tmp_path / "state").exists()

    said = run(plan)
    assert "CREATE_COMPLETE      scrawl-prod (AWS::CloudFormation::Stack)" in said
    assert "Stored: 3 shards of digits, 3 models, first weights of 3" in said
    assert "Page: 13 files sent" in said
    assert said.endswith(f"Scrawl is on https://{NOWHERE}")
    s3 = boto3.client("s3")
    assert len(ShardedDataset(S3Store(s3, bucket_of("DataBucket"))).first("test", 500)) == 500
    sent = boto3.client("cloudformation").get_template(StackName="scrawl-prod")["TemplateBody"]
    code = sent["Resources"]["APIHandler"]["Properties"]["CodeUri"]
    zipped = s3.get_object(Bucket=code["Bucket"], Key=code["Key"])["Body"].read()
    assert plan.package
    assert zipped == (plan.package / "deployment.zip").read_bytes()
    assert len(invalidations()) == 1

    before = objects()
    assert "Stack: nothing to change" in rehearse(plan)
    said = run(plan)
    assert "Stack: nothing to change" in said
    assert "Page: nothing to change" in said
    assert objects() == before
    assert len(invalidations()) == 1

    write_page(tmp_path / "page", "second")
    write_package(tmp_path / "package", template(More={"Type": "AWS::S3::Bucket"}))
    said = rehearse(plan)
    assert "Stack: 1 changes\n  + More (AWS::S3::Bucket)" in said
    assert "Page: 9 files to send" in said
    assert objects() == before
    assert "UPDATE_COMPLETE" in run(plan)
    assert "/index.html*" in invalidations()[1]
    kept = objects()[bucket_of("SiteBucket")]
    assert "assets/first0000000/scrawl.js" in kept  # an open page may still ask for it


def test_the_page_is_sent_with_types_encodings_and_how_long_to_keep_it(plan: Plan) -> None:
    run(plan)
    s3, bucket = boto3.client("s3"), bucket_of("SiteBucket")

    def headers(key: str) -> tuple[str, str, str | None]:
        found = s3.head_object(Bucket=bucket, Key=key)
        return found["ContentType"], found["CacheControl"], found.get("ContentEncoding") or None

    for_ever = "public, max-age=31536000, immutable"
    assert headers("index.html") == ("text/html; charset=utf-8", "no-cache", None)
    assert headers("index.html.br") == ("text/html; charset=utf-8", "no-cache", "br")
    assert headers("service-worker.js") == ("text/javascript; charset=utf-8", "no-cache", None)
    assert headers("assets/first0000000/scrawl.js.gz") == ("text/javascript; charset=utf-8", for_ever, "gzip")
    assert headers("assets/0123456789ab/kernel.wasm") == ("application/wasm", for_ever, None)
    assert headers("assets/0123456789ab/icon.png") == ("image/png", for_ever, None)
    s3.put_object(Bucket=bucket, Key="index.html", Body=b"<script", ContentType="text/plain")
    s3.put_object(Bucket=bucket, Key="old.html", Body=b"")
    assert "1 files sent" in run(plan)
    assert headers("index.html") == ("text/html; charset=utf-8", "no-cache", None)
    assert "old.html" not in objects()[bucket]


def test_a_stage_is_removed_and_what_visitors_shared_stays_unless_said_otherwise(plan: Plan) -> None:
    run(plan)
    data = bucket_of("DataBucket")
    lines: list[str] = []
    destroy(STAGE, None, None, False, lines.append)
    assert [*objects()] == [data]
    assert f"Kept: the weights and digits in {data}" in "\n".join(lines)
    lines.clear()
    assert status(STAGE, None, lines.append) is False
    assert lines[1:] == ["Stack: there is none", f"Left by an earlier stack: the weights and digits in {data}"]
    destroy(STAGE, None, None, True, lines.append)
    assert objects() == {}
    destroy(STAGE, None, None, True, lines.append)
    assert lines[-1] == "There is no stack scrawl-prod"


def test_artefacts_of_other_stages_stay(plan: Plan) -> None:
    run(plan)
    boto3.client("s3").put_object(Bucket=ARTEFACTS, Key="test/zip/1.zip", Body=b"")
    destroy(STAGE, None, None, True, lambda _: None)
    assert [*objects()[ARTEFACTS]] == ["test/zip/1.zip"]


def test_status_shows_stack_data_and_api(plan: Plan) -> None:
    run(plan)
    lines: list[str] = []
    assert status(STAGE, None, lines.append) is False  # nothing answers
    said = "\n".join(lines)
    assert "Stack: CREATE_COMPLETE" in said
    assert f"  DistributionDomain: {NOWHERE}" in said
    assert "Data: IDX files, in scrawl-prod-databucket-" in said
    assert f"API: https://{NOWHERE}/api/v2/health/ready does not answer: " in said
    boto3.client("s3").delete_object(Bucket=bucket_of("DataBucket"), Key="weights/mlp-128/current.json")
    boto3.client("s3").delete_object(Bucket=bucket_of("DataBucket"), Key="data/test/0000.bin.gz")
    lines.clear()
    status(STAGE, None, lines.append)
    assert "Data: no digits, or damaged ones" in "\n".join(lines)
    assert "Data: no weights of mlp-128" in lines


def test_status_names_networks_that_were_seeded_later(plan: Plan) -> None:
    run(plan)
    store = S3Store(boto3.client("s3"), bucket_of("DataBucket"))
    seed(store, None, ["mlp-16"])
    manifest = msgspec.json.decode(store.get("models/mlp-16/manifest.json").body, type=ModelManifest)
    theirs = Interface("x", "float32", (784,), None, "scores")  # of an imported model, which has no weights to share
    body = msgspec.json.encode(msgspec.structs.replace(manifest, model="theirs", interface=theirs))
    store.put("models/theirs/manifest.json", body, content_type="application/json")
    lines: list[str] = []
    status(STAGE, None, lines.append)
    assert "Data: shared networks mlp-128, mlp-128-64, conv-32-64, mlp-16" in lines
    store.delete("weights/mlp-16/current.json")
    status(STAGE, None, lines.append)
    assert "Data: no weights of mlp-16" in lines


def test_a_token_is_made_up_once_and_kept_to_oneself(plan: Plan, tmp_path: Path) -> None:
    said = run(plan)
    (path,) = (tmp_path / "state").iterdir()
    token = path.read_text()
    assert len(token) >= 32
    assert token not in said
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_environment_says_which_token(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAWL_WRITE_TOKEN", "a-token-of-my-own")
    run(replace(plan, parameters=("MonthlyBudget=50",)))
    assert not (tmp_path / "state").exists()
    (found,) = boto3.client("cloudformation").describe_stacks()["Stacks"]
    given = {entry["ParameterKey"]: entry["ParameterValue"] for entry in found["Parameters"]}
    assert given == {"WriteToken": "a-token-of-my-own", "MonthlyBudget": "50"}
    monkeypatch.delenv("SCRAWL_WRITE_TOKEN")
    assert "Stack: nothing to change" in run(plan)  # both are kept


def test_old_packages_end(plan: Plan) -> None:
    run(plan)
    s3 = boto3.client("s3")
    for number in range(12):
        s3.put_object(Bucket=ARTEFACTS, Key=f"prod/zip/{number}.zip", Body=b"")
    run(plan)
    left = [key for key in objects()[ARTEFACTS] if key.startswith("prod/zip/")]
    assert len(left) == 11  # ten, and the one in use, which is the oldest


def test_a_bucket_is_not_replaced_unawares(plan: Plan, tmp_path: Path) -> None:
    run(plan)
    described = template()
    del described["Resources"]["SiteBucket"]
    write_package(tmp_path / "package", described)
    with pytest.raises(DeployError, match=r"removed or replaced .* - SiteBucket .* --allow-replacement"):
        rehearse(plan)
    with pytest.raises(DeployError, match="Nothing has been changed"):
        run(plan)
    assert bucket_of("SiteBucket") in objects()


def test_the_stack_is_what_deploying_expects(plan: Plan, tmp_path: Path) -> None:
    described = lambda_package.describe(tmp_path / "real", STAGE, "x86_64")
    folder = write_package(tmp_path / "real", json.loads(described.read_text()))
    said = rehearse(replace(plan, package=folder, parameters=("AlarmEmail=ops@example.org", "XRay=on")))
    for line in ("DataBucket (AWS::S3::Bucket)", "SiteBucket (AWS::S3::Bucket)", "Distribution (AWS::CloudFront"):
        assert f"  + {line}" in said
    sent = json.loads(checked_package.obtain(folder, STAGE, "x86_64", print).sent_template("b", "k"))
    for function in ("APIHandler", "Learn", "Retrain"):
        assert sent["Resources"][function]["Properties"]["CodeUri"] == {"Bucket": "b", "Key": "k"}


def test_the_docs_describe_every_parameter() -> None:
    docs = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert [name for name in stack_template.parameters() if f"`{name}`" not in docs] == []
