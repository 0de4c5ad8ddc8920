"""`scrawl deploy --dry-run`: what a deployment would do, found out without doing it.

CloudFormation reads large templates only from a bucket: the template is stored there and removed again, as is the
change set. Where there is no stack yet, nothing at all is written to AWS.
"""

from functions.storage.s3 import S3Store
from infra.dataset.seeding import bring_up_to_date
from infra.dataset.sources import Sources
from infra.deploy.aws_errors import plain_aws_errors
from infra.deploy.change_set import additions, check_losses, proposed
from infra.deploy.deployment import Plan, Prepared, prepare
from infra.deploy.dry_run_store import DryRunStore
from infra.deploy.invalidation import PendingInvalidation
from infra.deploy.page_upload import Difference, compare
from infra.output import Say


def dry_run(plan: Plan, say: Say) -> None:
    """Say what `deploy` would change, and whether it would refuse to.

    Raises:
        DeployError: when something is in the way of deploying.
    """
    ready = prepare(plan, say)
    with plain_aws_errors():
        bucket = ready.artefacts.exists()
        if not bucket:
            say(f"Package: the bucket {ready.artefacts.bucket} would be made")
        if not bucket or not ready.artefacts.holds(ready.package.body, "zip"):
            say(f"Package: {len(ready.package.body) / 1e6:.1f} MB would be sent")
        if ready.present is None:
            _describe_new_stack(ready, say)
            return
        _describe_stack(ready, plan.allow_replacement, say)
        s3 = ready.account.client("s3")
        store = DryRunStore(S3Store(s3, ready.stack.physical("DataBucket")))
        bring_up_to_date(
            store, Sources.from_environment(), lambda line: say(line.replace("Stored:", "To be stored:"))
        )
        difference = compare(s3, ready.stack.physical("SiteBucket"), ready.page)
        say(f"Page: {difference}" if difference else "Page: nothing to change")
        if bucket and (paths := sorted({*PendingInvalidation(ready.artefacts).read(), *difference.paths})):
            say(f"Page: CloudFront would forget {', '.join(paths)}")


def _describe_new_stack(ready: Prepared, say: Say) -> None:
    added = additions(ready.package.template)
    ready.check_parameters()
    say(f"Stack: {ready.stack.name} would be made, with {len(added)} resources")
    for change in added:
        say(f"  {change}")
    say("Digits, models and first weights would be stored")
    say(f"Page: {Difference(ready.page, [])}")


def _describe_stack(ready: Prepared, allow_replacement: bool, say: Say) -> None:
    if not ready.artefacts.exists():
        say("Stack: what would change is known only once that bucket exists, from which the template is read")
        return
    was_there = not ready.artefacts.put(ready.template, "json")
    try:
        with proposed(ready.stack, False, **ready.change_set()) as change_set:
            found = change_set.changes if change_set else []
            say(f"Stack: {len(found)} changes" if change_set else "Stack: nothing to change")
            for change in found:
                say(f"  {change}")
            check_losses(found, allow_replacement)
    finally:
        if not was_there:
            ready.artefacts.delete(ready.template, "json")
