"""`scrawl deploy`: package, stack, digits and weights, page, in this order. Each step first looks at what is there.

So a second run changes nothing, and after an interrupted run the next one continues. The modules beside this one do
the steps; `infra.deploy.dry_run` is the dry run.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from functions.storage.s3 import S3Store
from infra.dataset.seeding import bring_up_to_date
from infra.dataset.sources import Sources
from infra.deploy import spending, stack_parameters
from infra.deploy.account import Account, check_stage, sign_in, stack_name
from infra.deploy.addresses import has_cloudfront, say_where
from infra.deploy.artefacts import Artefacts
from infra.deploy.aws_errors import plain_aws_errors
from infra.deploy.change_set import check_losses, execute, proposed
from infra.deploy.checked_package import CheckedPackage, obtain, warn_about_vendor
from infra.deploy.cloudformation_stack import Json, Stack, StackStuckError
from infra.deploy.emulators import check_services
from infra.deploy.invalidation import PendingInvalidation, invalidate
from infra.deploy.page_upload import File, compare, files, upload
from infra.files import locked
from infra.output import Say
from infra.page.site import build_site
from infra.paths import BUILD, SITE_BUILD

STEPS = ("package", "stack", "digits and weights", "page")


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    stage: str
    region: str | None = None
    architecture: str = "x86_64"
    parameters: tuple[str, ...] = ()  # NAME=VALUE
    package: Path | None = None  # a folder that `scrawl package` wrote; None: build one
    site: Path | None = None  # a folder that `scrawl build-site` wrote; None: build it
    artefact_bucket: str | None = None
    allow_replacement: bool = False


@dataclass(frozen=True)
class Prepared:
    """Everything that is checked and built before anything is changed."""

    account: Account
    stack: Stack
    present: Json | None  # the stack as it is
    artefacts: Artefacts
    package: CheckedPackage
    page: list[File]
    chosen: dict[str, str] = field(repr=False)

    @property
    def template(self) -> bytes:
        """Return the template as it is sent."""
        return self.package.sent_template(self.artefacts.bucket, self.artefacts.key(self.package.body, "zip"))

    def check_parameters(self) -> None:
        """Check that each parameter of a stack that does not exist yet has a value; the token always gets one."""
        stack_parameters.values(
            self.package.template, {stack_parameters.TOKEN: "made up"} | self.chosen, self.present
        )

    def change_set(self) -> Json:
        """Return what CloudFormation is to compare the stack with."""
        return {
            "TemplateURL": self.artefacts.url(self.artefacts.key(self.template, "json")),
            "Parameters": stack_parameters.values(self.package.template, self.chosen, self.present),
            "Tags": [{"Key": "app", "Value": "scrawl"}, {"Key": "stage", "Value": self.artefacts.stage}],
        }


def prepare(plan: Plan, say: Say) -> Prepared:
    """Check the plan, build package and page, and find out what is there; change nothing on AWS."""
    stage = check_stage(plan.stage)
    chosen = stack_parameters.read(plan.parameters)
    with plain_aws_errors():
        account = sign_in(plan.region)
        check_services(account)
        say(f"Account {account.id}, region {account.region}, stack {stack_name(stage)}")
        artefacts = Artefacts.of(account, stage, plan.artefact_bucket)
        artefacts.exists()  # raises if someone else has that name
        stack = Stack(account, stack_name(stage))
        present = stack.settle(say)
    warn_about_vendor(say)
    built = obtain(plan.package, stage, plan.architecture, say)
    page = files(_site(plan.site, say))
    chosen |= stack_parameters.origin_secret(built.template, present, os.environ)
    chosen |= spending.reserved_concurrency(account, built.template, chosen, present, say)
    return Prepared(account, stack, present, artefacts, built, page, chosen)


def deploy(plan: Plan, say: Say) -> None:
    """Bring a stage up to date, or create it.

    Raises:
        DeployError: when a step fails; `say` has been told which steps are done.
    """
    ready = prepare(plan, say)
    with plain_aws_errors(), _announced(say, plan.stage) as done:
        _send_package(ready, say)
        done.append("package")
        _change_stack(ready, plan.allow_replacement, say)
        done.append("stack")
        store = S3Store(ready.account.client("s3"), ready.stack.physical("DataBucket"))
        bring_up_to_date(store, Sources.from_environment(), say)
        done.append("digits and weights")
        cloudfront = has_cloudfront(ready.stack)
        _update_page(ready, cloudfront, say)
        done.append("page")
        ready.artefacts.prune({ready.artefacts.key(ready.package.body, "zip")})
        say_where(ready.stack, cloudfront, say)


def _site(folder: Path | None, say: Say) -> Path:
    if folder is not None:
        return folder
    with locked(BUILD / "site.lock"):
        build_site(SITE_BUILD, say)
    return SITE_BUILD


@contextmanager
def _announced(say: Say, stage: str) -> Iterator[list[str]]:
    """Say what is done and what is not when something, or Ctrl-C, ends the steps early."""
    done: list[str] = []
    try:
        yield done
    except BaseException as error:
        left = [step for step in STEPS if step not in done]
        if left:
            say(f"Done: {', '.join(done) or 'nothing'}. Not done: {', '.join(left)}.")
            if not isinstance(error, StackStuckError):
                command = f"`scrawl deploy --stage {stage}`"
                say(f"{command} continues from there; CloudFormation finishes what it has started.")
        raise


def _send_package(ready: Prepared, say: Say) -> None:
    artefacts = ready.artefacts
    if artefacts.create():
        say(f"Package: made the bucket {artefacts.bucket}")
    sent = artefacts.put(ready.package.body, "zip")
    artefacts.put(ready.template, "json")
    megabytes = len(ready.package.body) / 1e6
    say(f"Package: {'sent' if sent else 'is there already'}, {megabytes:.1f} MB")


def _change_stack(ready: Prepared, allow_replacement: bool, say: Say) -> None:
    new = ready.present is None
    if new:
        ready.stack.clear(say)
    ready.chosen.update(stack_parameters.token(ready.stack.name, new, os.environ, say))
    wanted = ready.change_set()
    spending.warn_about_email(wanted["Parameters"], say)
    with proposed(ready.stack, new, **wanted) as change_set:
        if change_set is None:
            say("Stack: nothing to change")
            return
        check_losses(change_set.changes, allow_replacement)
        say(f"Stack: {len(change_set.changes)} changes")
        execute(ready.stack, change_set, say)


def _update_page(ready: Prepared, cloudfront: bool, say: Say) -> None:
    """Send the page and have CloudFront forget the old one, even if an earlier run ended between the two."""
    s3, bucket = ready.account.client("s3"), ready.stack.physical("SiteBucket")
    difference = compare(s3, bucket, ready.page)
    pending = PendingInvalidation(ready.artefacts)
    paths = sorted({*pending.read(), *difference.paths})
    if paths:
        pending.write(paths)
    upload(s3, bucket, difference)
    say(f"Page: {len(difference.send)} files sent" if difference else "Page: nothing to change")
    if not cloudfront:
        pending.clear()
    elif paths:
        distribution = ready.stack.physical("Distribution")
        made = invalidate(ready.account.client("cloudfront"), distribution, paths)
        pending.clear()
        say(f"Page: CloudFront forgets {', '.join(paths)} within minutes (invalidation {made})")
