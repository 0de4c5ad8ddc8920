"""Change sets: what CloudFormation would change, in words, and carrying it out.

How the template comes into being is left to `infra.deploy.package`.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import stack as stacks
from infra.deploy.errors import DeployError, message
from infra.deploy.stack import Json, Say, Stack

_NOTHING = ("didn't contain changes", "No updates are to be performed")
_SIGNS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": "+", "Dynamic": "~"}


@dataclass(frozen=True)
class Change:
    """What is to happen to one resource."""

    action: str
    resource: str
    kind: str
    replaced: bool = False

    def __str__(self) -> str:
        return f"{_SIGNS.get(self.action, '?')} {self.resource} ({self.kind}){', replaced' * self.replaced}"

    @property
    def loses_data(self) -> bool:
        """Say whether objects would be lost, or out of reach."""
        return self.kind == "AWS::S3::Bucket" and (self.replaced or self.action == "Remove")


@dataclass
class ChangeSet:
    """What CloudFormation is ready to do. Without changes of resources it is about outputs or tags."""

    id: str
    changes: list[Change]
    begun: bool = False


def additions(template: Json) -> list[Change]:
    """Return what a stack that does not exist yet would begin with."""
    return [Change("Add", name, entry["Type"]) for name, entry in sorted(template["Resources"].items())]


@contextmanager
def prepared(stack: Stack, new: bool, **wanted: Any) -> Iterator[ChangeSet | None]:
    """Have CloudFormation say what would change, and yield it; None if that is nothing.

    A change set that was not carried out is removed again, and so is the empty stack that it makes.
    """
    client = stack.account.client("cloudformation")
    try:
        made = client.create_change_set(
            StackName=stack.name,
            ChangeSetName=f"scrawl-{time.time_ns()}",
            ChangeSetType="CREATE" if new else "UPDATE",
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            **wanted,
        )
    except ClientError as error:
        if not any(text in message(error) for text in _NOTHING):
            raise
        yield None
        return
    change_set = None
    try:
        change_set = _described(client, made["Id"], stack.name)
        yield change_set
    finally:
        if not (change_set and change_set.begun):
            _discard(client, made["Id"], stack)


def carry_out(stack: Stack, change_set: ChangeSet, say: Say) -> None:
    """Carry a change set out and tell of each event.

    Raises:
        DeployError: when CloudFormation does not come to the wanted end; with the reasons.
    """
    client = stack.account.client("cloudformation")
    stack.mark()
    change_set.begun = True
    client.execute_change_set(ChangeSetName=change_set.id, StackName=stack.name)
    found = stack.describe()
    status = stack.follow(found["StackId"] if found else stack.name, say)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        after = "everything is as it was before" if status == "UPDATE_ROLLBACK_COMPLETE" else f"it is in {status}"
        raise DeployError(f"the stack {stack.name} could not be changed; {after}:{stack.reasons()}")


def check_losses(changes: Sequence[Change], allowed: bool) -> None:
    """Refuse changes by which the objects in a bucket would be lost, unless that is meant."""
    lost = [str(change) for change in changes if change.loses_data]
    if lost and not allowed:
        raise DeployError(
            f"a bucket would be removed or replaced by an empty one: {'; '.join(lost)}. Nothing has been changed. "
            "If that is meant: --allow-replacement"
        )


def _described(client: Any, change_set: str, stack: str) -> ChangeSet | None:
    """Wait until CloudFormation has compared, and return what it found."""
    while True:
        pages = client.get_paginator("describe_change_set").paginate(ChangeSetName=change_set, StackName=stack)
        found = list(pages)
        status, reason = found[0]["Status"], found[0].get("StatusReason", "")
        if status == "CREATE_COMPLETE":
            entries = [entry["ResourceChange"] for page in found for entry in page.get("Changes", ())]
            return ChangeSet(change_set, [_change(entry) for entry in entries])
        if status == "FAILED":
            if any(text in reason for text in _NOTHING):
                return None
            raise DeployError(f"CloudFormation does not take the template: {reason}")
        time.sleep(stacks.PAUSE)


def _change(entry: Json) -> Change:
    replaced = entry.get("Replacement") == "True"
    return Change(entry["Action"], entry["LogicalResourceId"], entry["ResourceType"], replaced)


def _discard(client: Any, change_set: str, stack: Stack) -> None:
    found = stack.describe()
    if found and found["StackStatus"] == "REVIEW_IN_PROGRESS":
        client.delete_stack(StackName=found["StackId"])
    else:
        client.delete_change_set(ChangeSetName=change_set, StackName=stack.name)
