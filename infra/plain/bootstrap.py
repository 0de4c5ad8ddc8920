"""`scrawl bootstrap`: makes what a plain `chalice deploy` needs: a bucket with digits and weights, and a token."""

import os
import secrets

from functions.storage.s3 import S3Store
from infra.dataset.seeding import bring_up_to_date
from infra.dataset.sources import Sources
from infra.deploy import buckets
from infra.deploy.account import check_stage as check_name
from infra.deploy.account import sign_in
from infra.deploy.aws_errors import plain_aws_errors
from infra.output import Say
from infra.paths import ROOT
from infra.plain import checks, stage_settings
from infra.plain.stage_settings import StageSettings


def bootstrap(stage: str, region: str | None, bucket: str | None, say: Say) -> None:
    """Make what is missing; what is there stays as it is.

    Raises:
        DeployError: when there is no such stage, AWS refuses, or somebody else has the bucket.
    """
    check_name(stage)
    checks.check_stage(stage, ROOT)
    known = stage_settings.read(stage, os.environ)
    with plain_aws_errors():
        account = sign_in(region or known.region)
        name = bucket or known.bucket or f"scrawl-{stage}-{account.id}-{account.region}"
        say(f"Account {account.id}, region {account.region}, bucket {name}")
        if buckets.create(account, name, "--bucket"):
            say(f"Made the bucket {name}")
        settings = StageSettings(name, known.token or secrets.token_urlsafe(32), account.region)
        stage_settings.write(stage, settings)
        bring_up_to_date(S3Store(account.client("s3"), name), Sources.from_environment(), say)
    say(f"The bucket's name and the token for changing shared weights are in {stage_settings.path(stage)}")
    say(f"Now: chalice deploy --stage {stage}")
