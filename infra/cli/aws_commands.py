"""The commands for Scrawl on AWS: `package`, `deploy`, `status`, `destroy`, `bootstrap`.

`infra.package`, `infra.deploy` and `infra.plain` do the work.
"""

from pathlib import Path
from typing import Any

import click

from infra.cli.shared import plain_errors
from infra.package.dependencies import MACHINES
from infra.paths import BUILD

_stage = click.option("--stage", default="prod", show_default=True, help="Which one; each is a stack of its own.")
_region = click.option("--region", help="Of AWS. [default: AWS_REGION, else that of the AWS profile]")
_artefact_bucket = click.option(
    "--artefact-bucket", help="The bucket for packages. [default: scrawl-artefacts-ACCOUNT-REGION]"
)
_architecture = click.option(
    "--architecture", default="x86_64", show_default=True, type=click.Choice([*MACHINES]), help="Of the Lambda."
)
_folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option(
    "--stage", default="prod", show_default=True, help="Of which stack; one that is not there is like prod."
)
@_architecture
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=BUILD / "package" / "out",
    help="Where to. [default: build/package/out]",
)
@click.option("--template-only", is_flag=True, help="Write the CloudFormation template, and pack nothing.")
def package(stage: str, architecture: str, out: Path, template_only: bool) -> None:
    """Pack the API for Lambda: deployment.zip, and sam.json, the CloudFormation template of the whole stack.

    The same sources give the same bytes.
    """
    from infra.deploy.account import check_stage
    from infra.package.lambda_package import build, describe

    with plain_errors():
        check_stage(stage)
        if template_only:
            click.echo(describe(out, stage, architecture))
        else:
            build(out, stage, architecture, say=click.echo)


@click.command()
@_stage
@_region
@_architecture
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the stack, such as AlarmEmail; kept until it is set again. docs/deploy.md lists them.",
)
@click.option("--package", type=_folder, help="What `scrawl package` wrote. [default: build it now]")
@click.option("--site", type=_folder, help="What `scrawl build-site` wrote. [default: build it now]")
@_artefact_bucket
@click.option("--allow-replacement", is_flag=True, help="Even if a bucket with all that is in it would be lost.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def deploy(dry_run: bool, **plan: Any) -> None:
    """Bring Scrawl onto AWS, or up to date there.

    Only what differs is changed, and the next run completes an interrupted one. The token for changing weights is
    SCRAWL_WRITE_TOKEN; for a new stack without one, it is made up and kept in .scrawl/.
    """
    from infra.deploy.deployment import Plan
    from infra.deploy.deployment import deploy as run
    from infra.deploy.dry_run import dry_run as rehearse

    with plain_errors():
        (rehearse if dry_run else run)(Plan(**plan), click.echo)


@click.command()
@_stage
@_region
def status(stage: str, region: str | None) -> None:
    """Say what of Scrawl there is on AWS.

    Ends with 1 unless all is well.
    """
    from infra.deploy.status import status as run

    with plain_errors():
        well = run(stage, region, click.echo)
    if not well:
        raise click.exceptions.Exit(1)


@click.command()
@_stage
@_region
@_artefact_bucket
@click.option("--data", is_flag=True, help="Remove the shared weights and the digits as well.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(stage: str, region: str | None, artefact_bucket: str | None, data: bool, yes: bool) -> None:
    """Remove Scrawl from AWS.

    Unless --data is given, the bucket with the shared weights and the digits stays.
    """
    from infra.deploy.destroy import destroy as run

    what = "with all weights that visitors have shared" if data else "but not the weights that visitors have shared"
    if not yes:
        click.confirm(f"Remove stage {stage!r} for good, {what}?", abort=True)
    with plain_errors():
        run(stage, region, artefact_bucket, data, click.echo)


@click.command()
@click.option("--stage", default="dev", show_default=True, help="A stage of .chalice/config.json.")
@_region
@click.option("--bucket", help="Where digits and weights are to be. [default: scrawl-STAGE-ACCOUNT-REGION]")
def bootstrap(stage: str, region: str | None, bucket: str | None) -> None:
    """Make what a plain `chalice deploy` needs: the bucket with digits and weights, and a token.

    What is there stays as it is. The token is SCRAWL_WRITE_TOKEN, or is made up; it is kept in .scrawl/.
    `scrawl deploy` does without: it makes a stack that has all of this, and the page.
    """
    from infra.plain.bootstrap import bootstrap as run

    with plain_errors():
        run(stage, region, bucket, click.echo)
