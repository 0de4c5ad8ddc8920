"""The command that packs the API for Lambda. What is packed, and how, is said in `infra.package.lambda_package`."""

from pathlib import Path

import click

from infra.cli.errors import plain_errors
from infra.package.lock import MACHINES
from infra.paths import BUILD


@click.command()
@click.option("--stage", default="prod", show_default=True, help="A stage of .chalice/config.json.")
@click.option(
    "--architecture", default="x86_64", show_default=True, type=click.Choice([*MACHINES]), help="Of the Lambda."
)
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
    from infra.package.lambda_package import build, describe

    with plain_errors():
        if template_only:
            click.echo(describe(out, stage, architecture))
        else:
            build(out, stage, architecture, say=click.echo)
