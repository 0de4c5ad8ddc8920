"""`scrawl status`: what exists of a stage, in which state it is, and whether it answers."""

from typing import Any

import requests

from functions.errors import NotFoundError, UnavailableError
from functions.storage.s3 import S3Store
from functions.storage.store import Store
from infra.dataset.seeding import is_imported, stored_dataset
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
    """Tell of the digits, the shared networks and their weights; return whether all are there."""
    bucket = resource["PhysicalResourceId"]
    store = S3Store(s3, bucket)
    try:
        digits = stored_dataset(store)
        networks = _shared_networks(store)
        missing = [name for name in networks if not store.keys(f"weights/{name}/current.json")]
    except (NotFoundError, UnavailableError) as error:
        say(f"Data: {error}")
        return False
    say(f"Data: {digits.title if digits else 'no digits, or damaged ones'}, in {bucket}")
    say(f"Data: shared networks {', '.join(networks)}")
    if missing:
        say(f"Data: no weights of {', '.join(missing)}")
    return digits is not None and not missing


def _shared_networks(store: Store) -> list[str]:
    """Return the names of the shipped networks, and of those that were seeded with `--model`.

    An imported model has no weights of its own and is not among them; one whose manifest is damaged is.
    """
    shipped = [architecture.id for architecture in shipped_architectures()]
    stored = [key.split("/")[1] for key in store.keys("models/") if key.endswith("/manifest.json")]
    others = [name for name in stored if name not in shipped]
    return [*shipped, *(name for name in others if not is_imported(store.get(f"models/{name}/manifest.json").body))]


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
