"""`scrawl destroy`: removes a stage. The shared weights and the digits stay unless --data is given."""

from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.account import check_stage, sign_in, stack_name
from infra.deploy.artefacts import Artefacts
from infra.deploy.aws_errors import code, plain_aws_errors
from infra.deploy.buckets import data_buckets, empty
from infra.deploy.cloudformation_stack import Stack
from infra.output import Say

_BUCKET = "AWS::S3::Bucket"


def destroy(stage: str, region: str | None, artefact_bucket: str | None, data: bool, say: Say) -> None:
    """Remove a stage's stack, page and packages; with `data`, its weights and digits as well.

    After an interrupted run, the next one continues.

    Raises:
        DeployError: when CloudFormation cannot remove something; with its reasons.
    """
    check_stage(stage)
    with plain_aws_errors():
        account = sign_in(region)
        s3 = account.client("s3")
        stack = Stack(account, stack_name(stage))
        say(f"Account {account.id}, region {account.region}, stack {stack.name}")
        stack.wait_for_change(say)
        if stack.describe():
            _remove_stack(s3, stack, data, say)
        else:
            say(f"There is no stack {stack.name}")
        for bucket in data_buckets(s3, stack.name):
            _remove_data(s3, bucket, data, say)
        artefacts = Artefacts.of(account, stage, artefact_bucket)
        if artefacts.exists():
            say(f"Packages: {artefacts.remove()}")


def _remove_stack(s3: Any, stack: Stack, data: bool, say: Say) -> None:
    for name, entry in stack.resources().items():
        if entry["ResourceType"] == _BUCKET and (data or name != "DataBucket"):
            bucket = entry["PhysicalResourceId"]
            try:
                say(f"{name}: {empty(s3, bucket):,} objects removed from {bucket}")
            except ClientError as error:
                if code(error) != "NoSuchBucket":  # an earlier run has removed it
                    raise
    stack.delete(say)
    say(f"The stack {stack.name} is removed")


def _remove_data(s3: Any, bucket: str, data: bool, say: Say) -> None:
    if not data:
        say(f"Kept: the weights and digits in {bucket}; `scrawl destroy --data` removes them, too")
        return
    removed = empty(s3, bucket)
    s3.delete_bucket(Bucket=bucket)
    say(f"Data: {removed:,} objects removed, and the bucket {bucket}")
