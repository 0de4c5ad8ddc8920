"""`scrawl status`: what exists of a stage, in which state it is, and whether it answers."""

from typing import Any

import requests

from functions.errors import NotFoundError, UnavailableError
from functions.storage.s3 import S3Store
from infra.dataset.seeding import stored_dataset
from infra.deploy.account import check_stage, sign_in, stack_name
from infra.deploy.addresses import api_address
from infra.deploy.aws_errors import plain_aws_errors
from infra.deploy.buckets import data_buckets
from infra.deploy.cloudformation_stack import Json, Stack
from infra.output import Say
from model_export.pretrained import shipped_architectures

_TIMEOUT = 10  # seconds for the API to answer; a cold start takes one


def status(stage: str, region: str | None, say: Say) -> bool:
    """Tell of a stage; return whether all is well.

    Raises:
        DeployError: when the account cannot be asked.
    """
    check_stage(stage)
    with plain_aws_errors():
        account = sign_in(region)
        stack = Stack(account, stack_name(stage))
        say(f"Account {account.id}, region {account.region}, stack {stack.name}")
        found = stack.describe()
        left = data_buckets(account.client("s3"), stack.name)
        if found is None:
            say("Stack: there is none")
            for bucket in left:
                say(f"Left by an earlier stack: the weights and digits in {bucket}")
            return False
        _print_stack(found, say)
        if "ROLLBACK" in found["StackStatus"] or "FAILED" in found["StackStatus"]:
            for failure in stack.past_failures():
                say(f"  {failure}")
        resources = stack.resources()
        stored = "DataBucket" in resources and _check_data(account.client("s3"), resources["DataBucket"], say)
        answers = _check_api(stack, say)
    return found["StackStatus"].endswith(("CREATE_COMPLETE", "UPDATE_COMPLETE")) and stored and answers


def _print_stack(found: Json, say: Say) -> None:
    changed = found.get("LastUpdatedTime") or found["CreationTime"]
    say(f"Stack: {found['StackStatus']}, last changed {changed:%Y-%m-%d %H:%M %Z}")
    for output in found.get("Outputs", ()):
        say(f"  {output['OutputKey']}: {output['OutputValue']}")


def _check_data(s3: Any, resource: Json, say: Say) -> bool:
    """Tell of the digits and of each model's weights; return whether all are there."""
    bucket = resource["PhysicalResourceId"]
    store = S3Store(s3, bucket)
    try:
        digits = stored_dataset(store)
        missing = [a.id for a in shipped_architectures() if not store.keys(f"weights/{a.id}/current.json")]
    except (NotFoundError, UnavailableError) as error:
        say(f"Data: {error}")
        return False
    say(f"Data: {digits.title if digits else 'no digits, or damaged ones'}, in {bucket}")
    if missing:
        say(f"Data: no weights of {', '.join(missing)}")
    return digits is not None and not missing


def _check_api(stack: Stack, say: Say) -> bool:
    found = api_address(stack)
    if found is None:
        say("API: the stack does not tell its address")
        return False
    address = f"{found.url}/v2/health/ready"
    try:
        answer = requests.get(address, headers=found.headers, timeout=_TIMEOUT)
    except requests.RequestException as error:
        say(f"API: {address} does not answer: {error}")
        return False
    say(f"API: {address} answers {answer.status_code}")
    return answer.ok
