"""Change sets: what CloudFormation would change, in words, and executing it.

`infra.deploy.cloudformation_stack` follows what happens to the stack then.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.deploy import cloudformation_stack
from infra.deploy.aws_errors import DeployError, message
from infra.deploy.cloudformation_stack import Json, Stack, StackStuckError
from infra.output import Say

_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_SIGNS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": "+", "Dynamic": "~"}
_LONGEST_COMPARISON = 600  # seconds


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
        """Return whether objects would be lost, or out of reach."""
        return self.kind == "AWS::S3::Bucket" and (self.replaced or self.action == "Remove")


@dataclass
class ChangeSet:
    """What CloudFormation is ready to do. Without changes of resources it is about outputs or tags."""

    id: str
    changes: list[Change]
    started: bool = False


def additions(template: Json) -> list[Change]:
    """Return what a stack that does not exist yet would start with."""
    return [Change("Add", name, entry["Type"]) for name, entry in sorted(template["Resources"].items())]


@contextmanager
def proposed(stack: Stack, new: bool, **wanted: Any) -> Iterator[ChangeSet | None]:
    """Have CloudFormation compare a stack with what is wanted, and yield what would change; None if nothing would.

    A change set that was not executed is removed again, and so is the empty stack that CloudFormation makes for it.
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
        if not _says_no_changes(message(error)):
            raise
        yield None
        return
    change_set = None
    try:
        change_set = _compared(client, made["Id"], stack.name)
        yield change_set
    finally:
        if not (change_set and change_set.started):
            _discard(client, made["Id"], stack)


def execute(stack: Stack, change_set: ChangeSet, say: Say) -> None:
    """Execute a change set and tell of each event.

    Raises:
        DeployError: when the stack does not end as wanted; with the reasons.
    """
    client = stack.account.client("cloudformation")
    stack.mark()
    change_set.started = True
    client.execute_change_set(ChangeSetName=change_set.id, StackName=stack.name)
    found = stack.describe()
    status = stack.follow(found["StackId"] if found else stack.name, say)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        after = "everything is as it was before" if status == "UPDATE_ROLLBACK_COMPLETE" else f"it is in {status}"
        way_out = stack.way_out(status)
        what_to_do = way_out or "Fix the cause, then deploy again."
        kind = StackStuckError if way_out else DeployError
        raise kind(f"the stack {stack.name} could not be changed; {after}:{stack.reasons()}\n{what_to_do}")


def check_losses(changes: Sequence[Change], allowed: bool) -> None:
    """Refuse changes by which the objects in a bucket would be lost, unless that is allowed."""
    lost = [str(change) for change in changes if change.loses_data]
    if lost and not allowed:
        raise DeployError(
            f"a bucket would be removed or replaced by an empty one: {'; '.join(lost)}. Nothing has been changed. "
            "If that is meant: --allow-replacement"
        )


def _compared(client: Any, change_set: str, stack: str) -> ChangeSet | None:
    """Wait until CloudFormation has compared, and return what it found."""
    wanted = {"ChangeSetName": change_set, "StackName": stack}
    pause = cloudformation_stack.PAUSE
    patience = {"Delay": pause, "MaxAttempts": round(_LONGEST_COMPARISON / pause)}
    try:
        client.get_waiter("change_set_create_complete").wait(**wanted, WaiterConfig=patience)
    except WaiterError as error:
        if error.last_response.get("Status") != "FAILED":
            raise
        reason = error.last_response.get("StatusReason", "")
        if _says_no_changes(reason):
            return None
        raise DeployError(f"CloudFormation does not take the template: {reason}") from error
    pages = client.get_paginator("describe_change_set").paginate(**wanted)
    return ChangeSet(
        change_set, [_change(entry["ResourceChange"]) for page in pages for entry in page.get("Changes", ())]
    )


def _says_no_changes(reason: str) -> bool:
    return any(text in reason for text in _NO_CHANGES)


def _change(entry: Json) -> Change:
    replaced = entry.get("Replacement") == "True"
    return Change(entry["Action"], entry["LogicalResourceId"], entry["ResourceType"], replaced)


def _discard(client: Any, change_set: str, stack: Stack) -> None:
    found = stack.describe()
    if found and found["StackStatus"] == "REVIEW_IN_PROGRESS":
        client.delete_stack(StackName=found["StackId"])
    else:
        client.delete_change_set(ChangeSetName=change_set, StackName=stack.name)
