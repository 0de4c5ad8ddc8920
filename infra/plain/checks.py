"""Whether a plain stage can be deployed, found out before Chalice makes anything: it would leave a role behind.

All that is missing is said at once, each with the command that provides it.
"""

import json
import os
from pathlib import Path

import boto3

from functions.errors import NotFoundError, UnavailableError
from functions.storage.s3 import S3Store
from infra.dataset.seeding import stored_dataset
from infra.deploy import buckets
from infra.deploy.account import Account, sign_in
from infra.deploy.aws_errors import DeployError, plain_aws_errors
from infra.package import dependencies
from infra.plain.stage_settings import StageSettings
from model_export.pretrained import shipped_architectures

_REGION = "no AWS region: export AWS_DEFAULT_REGION=eu-central-1, say, or set one with `aws configure`"
_CREDENTIALS = "no AWS credentials: `aws configure`, or AWS_PROFILE, or another way that docs/deploy.md names"


def check_stage(stage: str, project: Path) -> None:
    """Check that Chalice's configuration has a stage.

    Raises:
        DeployError: when it does not: Chalice would deploy functions without any settings.
    """
    known = json.loads((project / ".chalice" / "config.json").read_text("utf-8"))["stages"]
    if stage not in known:
        raise DeployError(
            f"there is no stage {stage!r} in .chalice/config.json; it has {', '.join(sorted(known))}. "
            "For another one, copy the entry of one of these there, with the new name in each value"
        )


def check(stage: str, settings: StageSettings, profile: str | None) -> None:
    """Check that what a plain deployment needs is there.

    Raises:
        DeployError: saying all that is missing, and what provides it.
        PackageError: when Lambda has no such Python as this one.
    """
    dependencies.lambda_python()
    bootstrap = f"`scrawl bootstrap --stage {stage}`"
    account, problems = _account(profile)
    if missing := settings.missing():
        problems.append(f"no {missing}: {bootstrap} makes what is missing")
    elif account:
        problems += _of_bucket(account, str(settings.bucket), bootstrap)
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise DeployError(f"stage {stage!r} cannot be deployed yet, and nothing has been made:\n{listed}")


def _account(profile: str | None) -> tuple[Account | None, list[str]]:
    """Return the account and region that Chalice will deploy to, or what is missing for that."""
    if "AWS_REGION" in os.environ:  # which Chalice does not read
        os.environ.setdefault("AWS_DEFAULT_REGION", os.environ["AWS_REGION"])
    try:
        with plain_aws_errors():
            session = boto3.Session(profile_name=profile)
            if session.region_name:
                return sign_in(session.region_name, profile), []
            return None, [_REGION] + [_CREDENTIALS] * (session.get_credentials() is None)
    except DeployError as error:
        return None, [str(error)]


def _of_bucket(account: Account, bucket: str, bootstrap: str) -> list[str]:
    """Return what is wrong with a stage's bucket."""
    try:
        with plain_aws_errors():
            if not buckets.exists(account, bucket, "SCRAWL_BUCKET"):
                return [f"there is no bucket {bucket}: {bootstrap} makes it"]
            store = S3Store(account.client("s3"), bucket)
            weights = all(store.keys(f"weights/{a.id}/current.json") for a in shipped_architectures())
            if not weights or not stored_dataset(store):
                return [f"the bucket {bucket} lacks digits or weights: {bootstrap} stores them"]
    except (DeployError, NotFoundError, UnavailableError) as error:
        return [str(error)]
    return []
