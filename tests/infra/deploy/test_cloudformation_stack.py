"""Stacks in every state, and deployments that end half way: what is said, and how the next run continues.

moto executes everything at once and never fails, so the tests put its stacks into the states that AWS knows; all else
goes through its server.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError

from infra.deploy import account, cloudformation_stack, stack_parameters
from infra.deploy.aws_errors import DeployError
from infra.deploy.deployment import Plan, deploy
from infra.deploy.destroy import destroy
from infra.deploy.dry_run import dry_run
from infra.deploy.status import status
from tests.support.aws import cloud
from tests.support.aws.cloud import ACCOUNT, REGION, STAGE, bucket_of, objects, template, write_package, write_page
from tests.support.digits import idx_files

if TYPE_CHECKING:  # importing it takes seconds
    from moto.cloudformation.models import CloudFormationBackend, Stack

BACKEND = "moto.cloudformation.models.CloudFormationBackend"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plan]:
    """Return what to deploy, to an empty account."""
    monkeypatch.setenv("MNIST_DIR", str(idx_files.write(tmp_path / "idx")))
    monkeypatch.setattr(stack_parameters, "STATE", tmp_path / "state")
    with cloud.cloud():
        yield cloud.plan(tmp_path)


def the_stack() -> "Stack":
    """Return moto's stack itself."""
    from moto.cloudformation.models import cloudformation_backends

    (stack,) = cloudformation_backends[ACCOUNT][REGION].stacks.values()
    return stack


def fail(stack: "Stack", *states: str) -> None:
    """Let a stack fail as AWS's do: a bucket that exists, what was cancelled for it, then the given states."""
    reasons = {"SiteBucket": "scrawl-site already exists (Service: S3)", "DataBucket": "Resource creation cancelled"}
    for resource, reason in reasons.items():
        stack._add_stack_event("CREATE_FAILED", reason)
        event = stack.events[-1]
        event.logical_resource_id, event.physical_resource_id = resource, ""
        event.resource_type = "AWS::S3::Bucket"
    for state in states:
        stack._add_stack_event(state)
        stack.status = state


def failing(*states: str) -> Callable[..., None]:
    """Return an ExecuteChangeSet after which the stack ends in the last of these states."""

    def execute(self: "CloudFormationBackend", change_set_name: str, stack_name: str | None = None) -> None:
        del change_set_name, stack_name
        (stack,) = self.stacks.values()
        fail(stack, *states)

    return execute


def test_a_failed_creation_is_reported_and_removed(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(f"{BACKEND}.execute_change_set", failing("ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"))
        lines: list[str] = []
        with pytest.raises(DeployError) as refused:
            deploy(plan, lines.append)
    assert "could not be changed; it is in ROLLBACK_COMPLETE" in str(refused.value)
    assert "SiteBucket (AWS::S3::Bucket): scrawl-site already exists" in str(refused.value)
    assert "cancelled" not in str(refused.value)
    assert str(refused.value).endswith("clear it away with `scrawl destroy --stage prod`, then deploy again.")
    assert "  CREATE_FAILED        SiteBucket (AWS::S3::Bucket): scrawl-site already exists (Service: S3)" in lines
    assert lines[-1] == "Done: package. Not done: stack, digits and weights, page."
    assert not any("continues from there" in line for line in lines)
    for run in (deploy, dry_run):
        with pytest.raises(DeployError, match=r"could not be created, and .* took everything back") as refused:
            run(plan, lambda _: None)
        assert "scrawl-site already exists" in str(refused.value)
        assert "clear it away with `scrawl destroy --stage prod`, then deploy again" in str(refused.value)
    lines.clear()
    assert status(STAGE, None, lines.append) is False
    assert "  SiteBucket (AWS::S3::Bucket): scrawl-site already exists (Service: S3)" in lines
    destroy(STAGE, None, None, True, lambda _: None)
    deploy(plan, lines.append)
    assert the_stack().status == "CREATE_COMPLETE"


def test_an_update_that_failed_leaves_all_as_it_was(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(plan, lambda _: None)
    page = objects()[bucket_of("SiteBucket")]
    write_package(tmp_path / "package", template(More={"Type": "AWS::S3::Bucket"}))
    write_page(tmp_path / "page", "second")
    with monkeypatch.context() as patch:
        patch.setattr(f"{BACKEND}.execute_change_set", failing("UPDATE_ROLLBACK_COMPLETE"))
        with pytest.raises(DeployError, match="could not be changed; everything is as it was before"):
            deploy(plan, lambda _: None)
    assert objects()[bucket_of("SiteBucket")] == page
    deploy(plan, lambda _: None)
    assert the_stack().status == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("ROLLBACK_FAILED", "could not be created, and CloudFormation could not take everything back"),
        ("CREATE_FAILED", "could not be created"),
        ("DELETE_FAILED", "was only partly removed"),
        (
            "UPDATE_ROLLBACK_FAILED",
            "aws cloudformation continue-update-rollback --stack-name scrawl-prod --region us",
        ),
    ],
)
def test_a_stack_that_someone_has_to_help(plan: Plan, state: str, message: str) -> None:
    boto3.client("cloudformation").create_stack(StackName="scrawl-prod", TemplateBody='{"Resources": {}}')
    fail(the_stack(), state)
    with pytest.raises(DeployError, match=message):
        deploy(plan, lambda _: None)
    assert objects() == {}


def test_a_change_under_way_is_waited_for(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(plan, lambda _: None)
    stack = the_stack()
    stack.status = "UPDATE_IN_PROGRESS"

    def end(_seconds: float) -> None:
        """End the change that goes on while the deployment pauses between two requests for the state."""
        if stack.status == "UPDATE_IN_PROGRESS":
            fail(stack, "UPDATE_COMPLETE")

    monkeypatch.setattr(cloudformation_stack, "time", SimpleNamespace(sleep=end))
    lines: list[str] = []
    deploy(plan, lines.append)
    assert any("is being changed already (UPDATE_IN_PROGRESS)" in line for line in lines)
    assert "  UPDATE_COMPLETE      scrawl-prod (AWS::CloudFormation::Stack)" in lines
    assert lines.index("Stack: nothing to change") > lines.index(
        "  UPDATE_COMPLETE      scrawl-prod (AWS::CloudFormation::Stack)"
    )


def test_a_stack_that_was_only_prepared_is_started_again(plan: Plan) -> None:
    boto3.client("cloudformation").create_change_set(
        StackName="scrawl-prod", ChangeSetName="a", ChangeSetType="CREATE", TemplateBody='{"Resources": {}}'
    )
    assert the_stack().status == "REVIEW_IN_PROGRESS"
    dry_run(plan, lambda _: None)
    assert the_stack().status == "REVIEW_IN_PROGRESS"  # it changes nothing
    lines: list[str] = []
    deploy(plan, lines.append)
    assert "An earlier run ended before the stack scrawl-prod was started: clearing that away" in lines
    assert the_stack().status == "CREATE_COMPLETE"


def test_a_stack_that_is_not_removed_is_reported(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(plan, lambda _: None)

    def delete(self: "CloudFormationBackend", name_or_stack_id: str) -> None:
        del self, name_or_stack_id
        fail(the_stack(), "DELETE_FAILED")

    monkeypatch.setattr(f"{BACKEND}.delete_stack", delete)
    with pytest.raises(DeployError, match=r"is not removed \(DELETE_FAILED\):\n  SiteBucket .* already exists"):
        destroy(STAGE, None, None, True, lambda _: None)


def breaking(operation: str, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the connection break off at a call of an operation on S3, after some that go well."""
    plain, left, lock = account.Account.client, [after], threading.Lock()

    def cut(request: Any, **_: Any) -> None:
        with lock:
            left[0] -= 1
            if left[0] < 0:
                raise ConnectionClosedError(endpoint_url=request.url)

    def client(self: account.Account, service: str) -> Any:
        made = plain(self, service)
        if service == operation.partition(".")[0]:
            made.meta.events.register(f"before-send.{operation}", cut, unique_id="cut")
        return made

    monkeypatch.setattr(account.Account, "client", client)


# PutObject of a first run: the package, the template, then digits and models (3 shards, their manifest, 3 x 3 files,
# 3 x 2 of weights), the note, and the page.
@pytest.mark.parametrize(
    ("operation", "after", "done"),
    [
        ("s3.PutObject", 0, "nothing. Not done: package, stack, digits and weights, page"),
        ("s3.PutObject", 1, "nothing. Not done: package"),
        ("s3.PutObject", 24, "package, stack, digits and weights. Not done: page"),
        ("cloudfront.CreateInvalidation", 0, "package, stack, digits and weights. Not done: page"),
    ],
)
def test_a_broken_connection_is_reported_and_the_next_run_continues(
    plan: Plan, operation: str, after: int, done: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    with monkeypatch.context() as patch:
        breaking(operation, after, patch)
        with pytest.raises(DeployError, match="What was sent stays and is not sent again"):
            deploy(plan, lines.append)
    assert lines[-2].startswith(f"Done: {done}")
    before = objects()
    if after == 24:
        site = before[bucket_of("SiteBucket")]
        assert site
        assert "index.html" not in site  # never before what it names
    deploy(plan, lines.append)
    assert any("CloudFront forgets /, /index.html*, /service-worker.js*" in line for line in lines)
    now = objects()
    kept = {(bucket, key) for bucket, keys in before.items() for key in keys if "to-invalidate" not in key}
    assert all(now[bucket][key] == before[bucket][key] for bucket, key in kept)
    assert len(now[bucket_of("SiteBucket")]) == 13


def test_ctrl_c_says_what_is_done(plan: Plan) -> None:
    def interrupt(line: str) -> None:
        lines.append(line)
        if line.startswith("Stack: 4 changes"):
            raise KeyboardInterrupt

    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        deploy(plan, interrupt)
    assert "Done: package. Not done: stack, digits and weights, page." in lines
    assert boto3.client("cloudformation").describe_stacks()["Stacks"] == []  # the change set is taken back
