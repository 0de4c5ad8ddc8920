"""A stage's CloudFormation stack: its state, what is in it, and following what happens to it, event by event.

boto3's waiters cannot do the last: they report no events, may take the state before an update for its end, and each
knows one good end, while an update can end in six ways. `infra.deploy.change_set` says what is to change.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.aws_errors import DeployError, code, message
from infra.output import Say

type Json = dict[str, Any]

PAUSE = 3.0  # seconds between two requests for the state
_QUIET_REQUESTS = 5  # after so many without any event, the stack is taken to be at its end
_RUNNING = "IN_PROGRESS"
_REVIEW = "REVIEW_IN_PROGRESS"  # a change set for a stack that does not exist yet
_STUCK = {
    "ROLLBACK_COMPLETE": "could not be created, and CloudFormation took everything back",
    "ROLLBACK_FAILED": "could not be created, and CloudFormation could not take everything back",
    "CREATE_FAILED": "could not be created",
    "DELETE_FAILED": "was only partly removed",
}
_STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")  # of the stack as a whole
_NOT_THE_CAUSE = ("Resource creation cancelled", "Resource update cancelled")


class StackStuckError(DeployError):
    """The stack is in a state that it cannot leave by itself: running the same command again does not help."""


@dataclass
class Stack:
    """A stack by its name; there may be none."""

    account: Account
    name: str
    _last_event: str | None = field(default=None, repr=False)
    failures: list[str] = field(default_factory=list, repr=False)  # seen while following

    def describe(self) -> Json | None:
        """Return CloudFormation's description; None when there is no such stack."""
        return self._described(self.name)

    def resources(self) -> dict[str, Json]:
        """Return what the stack consists of, by logical name."""
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        found = [entry for page in pages for entry in page["StackResourceSummaries"]]
        return {entry["LogicalResourceId"]: entry for entry in found if _is_there(entry)}

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs."""
        found = self.describe() or {}
        return {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", ())}

    def physical(self, logical: str) -> str:
        """Return the name that AWS has given to a resource.

        Raises:
            DeployError: when the stack has no such resource.
        """
        try:
            return str(self.resources()[logical]["PhysicalResourceId"])
        except KeyError as error:
            raise DeployError(f"the stack {self.name} has no resource {logical}") from error

    def settle(self, say: Say) -> Json | None:
        """Wait for a change under way, and return the description of a stack that can be changed, or None.

        Raises:
            DeployError: when the stack is in a state that it cannot leave by itself.
        """
        self.wait_for_change(say)
        found = self.describe()
        if found is None or found["StackStatus"] == _REVIEW:
            return None
        self._check(found["StackStatus"])
        return found

    def wait_for_change(self, say: Say) -> None:
        """Follow a change that is under way to its end."""
        found = self.describe()
        if found and found["StackStatus"].endswith(_RUNNING) and found["StackStatus"] != _REVIEW:
            say(f"The stack {self.name} is being changed already ({found['StackStatus']}): waiting for the end of it")
            self.mark()
            self.follow(found["StackId"], say)

    def clear(self, say: Say) -> None:
        """Remove what is left of a change set for a new stack that was never executed."""
        if self.describe() is not None:
            say(f"An earlier run ended before the stack {self.name} was started: clearing that away")
            self.delete(say)

    def mark(self) -> None:
        """Remember which events there are, so that `follow` tells of later ones only."""
        self._last_event = next((event["EventId"] for event in self._events(self.name)), None)
        self.failures = []

    def follow(self, stack_id: str, say: Say) -> str:
        """Tell of each event until the stack is no longer changing; return its state then."""
        started, requests = False, 0
        while True:
            for event in self._new_events(stack_id):
                started = True
                say(f"  {self._describe_event(event)}")
            found = self._described(stack_id)
            status = found["StackStatus"] if found else "DELETE_COMPLETE"
            requests += 1
            if not status.endswith(_RUNNING) and (started or requests >= _QUIET_REQUESTS):
                return str(status)
            time.sleep(PAUSE)

    def delete(self, say: Say) -> None:
        """Remove the stack, and tell of it.

        Raises:
            DeployError: when something could not be removed.
        """
        found = self.describe()
        if found is None:
            return
        self.mark()
        self._cloudformation.delete_stack(StackName=found["StackId"])
        status = self.follow(found["StackId"], say)
        if status != "DELETE_COMPLETE":
            raise DeployError(
                f"the stack {self.name} is not removed ({status}):{self.reasons()}\n"
                "Remove what is in the way, then run `scrawl destroy` again."
            )

    def reasons(self) -> str:
        """Return what has failed since `mark`, one line each."""
        return "".join(f"\n  {failure}" for failure in self.failures) or " CloudFormation gives no reason"

    def past_failures(self) -> list[str]:
        """Return what failed when the stack was last changed."""
        last = []
        for event in self._events(self.name):
            last.append(event)
            if event.get("PhysicalResourceId") == event["StackId"] and event["ResourceStatus"] in _STARTS:
                break
        self.failures = []
        for event in reversed(last):
            self._describe_event(event)
        return self.failures

    def way_out(self, status: str) -> str:
        """Return what to do about a stack in a state that it cannot leave by itself; nothing for another state."""
        if status in _STUCK:
            stage = self.name.removeprefix("scrawl-")
            return f"Fix the cause, clear it away with `scrawl destroy --stage {stage}`, then deploy again."
        if status == "UPDATE_ROLLBACK_FAILED":
            where = f"--stack-name {self.name} --region {self.account.region}"
            return f"Fix the cause, then: aws cloudformation continue-update-rollback {where}"
        return ""

    def _check(self, status: str) -> None:
        if what_to_do := self.way_out(status):
            self.past_failures()
            happened = _STUCK.get(status, "could not go back to what it was")
            raise StackStuckError(f"the stack {self.name} {happened} ({status}):{self.reasons()}\n{what_to_do}")

    def _describe_event(self, event: Json) -> str:
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
        what = f"{event['LogicalResourceId']} ({event['ResourceType']})"
        if not status.endswith("_FAILED"):
            return f"{status:<20} {what}"
        if not reason.startswith(_NOT_THE_CAUSE):
            self.failures.append(f"{what}: {reason}")
        return f"{status:<20} {what}: {reason}"

    def _new_events(self, stack: str) -> list[Json]:
        """Return the events after the last one told of, oldest first."""
        new: list[Json] = []
        for event in self._events(stack):
            if event["EventId"] == self._last_event:
                break
            new.append(event)
        if new:
            self._last_event = new[0]["EventId"]
        return new[::-1]

    def _events(self, stack: str) -> Iterator[Json]:
        """Yield events, the latest first."""
        for page in self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
            yield from page["StackEvents"]

    def _described(self, stack: str) -> Json | None:
        try:
            found: Json = self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if code(error) == "ValidationError" and "does not exist" in message(error):
                return None
            raise
        return found

    @property
    def _cloudformation(self) -> Any:
        return self.account.client("cloudformation")


def _is_there(resource: Json) -> bool:
    return bool(resource.get("PhysicalResourceId")) and resource["ResourceStatus"] != "DELETE_COMPLETE"
