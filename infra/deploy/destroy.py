"""`scrawl destroy`: removes a stage. The shared weights and the digits stay unless it is said that they go, too."""

from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.account import check_stage, sign_in, stack_name
from infra.deploy.artefacts import Artefacts
from infra.deploy.emptying import empty
from infra.deploy.errors import code, plainly
from infra.deploy.stack import Json, Say, Stack

_BUCKET = "AWS::S3::Bucket"


def destroy(stage: str, region: str | None, artefact_bucket: str | None, data: bool, say: Say) -> None:
    """Remove a stage's stack, page and packages; with `data`, its weights and digits as well.

    A run that was interrupted is gone on with.

    Raises:
        DeployError: when CloudFormation cannot remove something; with its reasons.
    """
    check_stage(stage)
    with plainly():
        account = sign_in(region)
        s3 = account.client("s3")
        stack = Stack(account, stack_name(stage))
        say(f"Account {account.id}, region {account.region}, stack {stack.name}")
        if found := stack.describe():
            _wait(stack, found, say)
            _remove_stack(s3, stack, data, say)
        else:
            say(f"There is no stack {stack.name}")
        for bucket in data_buckets(s3, stack.name):
            _end(s3, bucket, data, say)
        artefacts = Artefacts.of(account, stage, artefact_bucket)
        if artefacts.exists():
            say(f"Packages: {artefacts.remove()}")


def data_buckets(s3: Any, stack: str) -> list[str]:
    """Return the buckets with data that a stack has, or has left behind; CloudFormation names them after it."""
    prefix = f"{stack}-databucket-"
    return sorted(entry["Name"] for entry in s3.list_buckets()["Buckets"] if entry["Name"].startswith(prefix))


def _wait(stack: Stack, found: Json, say: Say) -> None:
    if found["StackStatus"].endswith("IN_PROGRESS") and found["StackStatus"] != "REVIEW_IN_PROGRESS":
        say(f"The stack is being changed ({found['StackStatus']}): waiting for the end of it")
        stack.mark()
        stack.follow(found["StackId"], say)


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


def _end(s3: Any, bucket: str, data: bool, say: Say) -> None:
    if not data:
        say(f"Kept: the weights and digits in {bucket}; `scrawl destroy --data` removes them, too")
        return
    removed = empty(s3, bucket)
    s3.delete_bucket(Bucket=bucket)
    say(f"Data: {removed:,} objects removed, and the bucket {bucket}")
