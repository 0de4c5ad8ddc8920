"""The command line, `scrawl`. Each command unpacks its options, calls one function and prints the result."""

from pathlib import Path

import click

from infra.cli.api_commands import predict, weights
from infra.cli.aws_commands import bootstrap, deploy, destroy, package, status
from infra.cli.distil_command import distil
from infra.cli.grpc_command import grpc
from infra.cli.model_commands import evaluate, export, import_onnx, train
from infra.cli.shared import bucket_option, data_dir_option, models_option, open_store, plain_errors
from infra.paths import SITE_BUILD


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scrawl")
def main() -> None:
    """Scrawl: draw digits, have them recognised, train networks in the browser."""


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    envvar="PORT",
    show_default=True,
    show_envvar=True,
    help="Where to serve; 0 takes any free port.",
)
@data_dir_option
@models_option
@click.option(
    "--host",
    default="localhost",
    show_default=True,
    help="Which address to serve on; 0.0.0.0 for a class on your network.",
)
@click.option("--anyone", is_flag=True, help="With --host: let everybody change the shared weights without a token.")
@click.option("--lesson-stream", is_flag=True, help="Have lessons (PATCH) go through a stream, as for a class.")
def serve(port: int, host: str, anyone: bool, data_dir: Path, models: tuple[str, ...], lesson_stream: bool) -> None:
    """Run all of Scrawl on one local port.

    The page, the API, and an S3 behind it. The digits come from MNIST_DIR (a folder with MNIST's four IDX files),
    else from a download.
    """
    from infra.dataset import shared_networks
    from infra.dataset.sources import Sources
    from infra.local import local_stack

    with plain_errors():
        shared_networks.check(models)
        sources = Sources.from_environment()
        local_stack.serve(
            port,
            data_dir,
            sources,
            click.echo,
            models=models,
            lesson_stream=lesson_stream,
            host=host,
            anyone=anyone,
        )


@main.command()
@bucket_option
@data_dir_option
@models_option
def seed(bucket: str | None, data_dir: Path, models: tuple[str, ...]) -> None:
    """Store digits, models and first weights.

    Only what is missing, damaged or different is written. A network that is shared with --model starts untrained:
    `scrawl weights put` or a retraining (DELETE /weights) gives it better weights.
    """
    from infra.dataset import shared_networks
    from infra.dataset.seeding import bring_up_to_date
    from infra.dataset.sources import Sources

    with plain_errors():
        shared_networks.check(models)
        with open_store(bucket, data_dir, models) as store:
            if bucket:  # opening the local one has brought it up to date
                bring_up_to_date(store, Sources.from_environment(), click.echo, models)
    click.echo("Everything is stored")


@main.command("build-site")
@click.option("--out", type=click.Path(path_type=Path), default=SITE_BUILD, help="Where to. [default: build/site]")
@click.option(
    "--standalone",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Instead, write a folder that works from any static host, without an API.",
)
def build_site_command(out: Path, standalone: Path | None) -> None:
    """Build the page, ready to be served.

    With --standalone, the folder also has all digits and the shipped weights: copy it to any web server or page host.
    The digits come from MNIST_DIR, else from a download, as for `scrawl serve`.
    """
    if standalone is None:
        from infra.page.site import build_site

        with plain_errors():
            build_site(out, click.echo)
        return
    from infra.dataset.sources import Sources, load_dataset
    from infra.page.standalone import build_standalone

    with plain_errors():
        standalone.mkdir(parents=True, exist_ok=True)  # what cannot be written is refused before the work
        build_standalone(standalone, load_dataset(Sources.from_environment(), click.echo), click.echo)


for command in (
    train,
    distil,
    export,
    evaluate,
    import_onnx,
    grpc,
    predict,
    weights,
    package,
    deploy,
    status,
    destroy,
    bootstrap,
):
    main.add_command(command)
