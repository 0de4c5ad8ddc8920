"""`scrawl deploy`: package, stack, digits and weights, page, in this order. Each step looks at what is there first.

So a second run changes nothing, and a run goes on where an interrupted one ended. What a step consists of is left to
the modules beside this one; the dry run to `infra.deploy.dry_run`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from functions.storage.s3 import S3Store
from infra.dataset.seeding import bring_up_to_date
from infra.dataset.sources import Sources
from infra.deploy import changes, package, page, parameters
from infra.deploy.account import Account, check_stage, sign_in, stack_name
from infra.deploy.artefacts import Artefacts
from infra.deploy.errors import plainly
from infra.deploy.note import Note
from infra.deploy.package import Package
from infra.deploy.stack import Json, Say, Stack
from infra.files import locked
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
    """Everything that can be found out and built before anything is changed."""

    account: Account
    stack: Stack
    present: Json | None  # the stack as it is
    artefacts: Artefacts
    package: Package
    page: list[page.File]
    chosen: dict[str, str] = field(repr=False)

    @property
    def template(self) -> bytes:
        """Return the template as it is sent."""
        return self.package.sent_template(self.artefacts.bucket, self.artefacts.key(self.package.body, "zip"))

    def check_parameters(self) -> None:
        """See that the parameters of a stack that does not exist yet can have values; the token always can."""
        parameters.values(self.package.template, {parameters.TOKEN: "made up"} | self.chosen, self.present)

    def change_set(self) -> Json:
        """Return what CloudFormation is to compare the stack with."""
        return {
            "TemplateURL": self.artefacts.url(self.artefacts.key(self.template, "json")),
            "Parameters": parameters.values(self.package.template, self.chosen, self.present),
            "Tags": [{"Key": "app", "Value": "scrawl"}, {"Key": "stage", "Value": self.artefacts.stage}],
        }


def prepare(plan: Plan, say: Say) -> Prepared:
    """Check what was asked for, build package and page, and find out what is there; change nothing."""
    stage = check_stage(plan.stage)
    chosen = parameters.read(plan.parameters)
    with plainly():
        account = sign_in(plan.region)
        say(f"Account {account.id}, region {account.region}, stack {stack_name(stage)}")
        artefacts = Artefacts.of(account, stage, plan.artefact_bucket)
        artefacts.exists()  # or taken by someone else
        stack = Stack(account, stack_name(stage))
        present = stack.settle(say)
    package.notice_vendor(say)
    built = package.obtain(plan.package, stage, plan.architecture, say)
    return Prepared(account, stack, present, artefacts, built, page.files(_site(plan.site, say)), chosen)


def deploy(plan: Plan, say: Say) -> None:
    """Bring a stage up to date, or make it.

    Raises:
        DeployError: when something is in the way; what is done by then has been said.
    """
    ready = prepare(plan, say)
    with plainly(), _announced(say, plan.stage) as done:
        _send_package(ready, say)
        done.append("package")
        _change_stack(ready, plan.allow_replacement, say)
        done.append("stack")
        store = S3Store(ready.account.client("s3"), ready.stack.physical("DataBucket"))
        bring_up_to_date(store, Sources.from_environment(), say)
        done.append("digits and weights")
        _update_page(ready, say)
        done.append("page")
        ready.artefacts.prune({ready.artefacts.key(ready.package.body, "zip")})
        _say_where(ready.stack, say)


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
    except BaseException:
        left = [step for step in STEPS if step not in done]
        if left:
            say(f"Done: {', '.join(done) or 'nothing'}. Not done: {', '.join(left)}.")
            say(
                f"`scrawl deploy --stage {stage}` goes on from there; what CloudFormation has begun, it goes on with."
            )
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
    ready.chosen.update(parameters.token(ready.stack.name, new, os.environ, say))
    with changes.prepared(ready.stack, new, **ready.change_set()) as change_set:
        if change_set is None:
            say("Stack: nothing to change")
            return
        changes.check_losses(change_set.changes, allow_replacement)
        say(f"Stack: {len(change_set.changes)} changes")
        changes.carry_out(ready.stack, change_set, say)


def _update_page(ready: Prepared, say: Say) -> None:
    """Send the page and have CloudFront forget the old one, even when an earlier run ended between the two."""
    s3, bucket = ready.account.client("s3"), ready.stack.physical("SiteBucket")
    difference = page.compare(s3, bucket, ready.page)
    note = Note(ready.artefacts)
    paths = sorted({*note.read(), *difference.paths})
    if paths:
        note.write(paths)
    page.upload(s3, bucket, difference)
    say(f"Page: {len(difference.send)} files sent" if difference else "Page: nothing to change")
    if paths:
        distribution = ready.stack.physical("Distribution")
        made = page.invalidate(ready.account.client("cloudfront"), distribution, paths)
        note.clear()
        say(f"Page: CloudFront forgets {', '.join(paths)} within minutes (invalidation {made})")


def _say_where(stack: Stack, say: Say) -> None:
    outputs = stack.outputs()
    if "DistributionDomain" in outputs:
        say(f"Scrawl is on https://{outputs['DistributionDomain']}")
