"""The commands that talk to a running API: recognise pictures, and move weights to and from it.

`infra.client` sends the requests; this module has the options, the files and what is printed.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.cli.shared import plain_errors
from infra.files import write_atomically

if TYPE_CHECKING:
    from infra.client import Client

API = "http://localhost:8000/api"
SUFFIXES = (".safetensors", ".onnx", ".json")
_ABOUT_THE_PICTURE = (400, 413, 422)  # the statuses with which the API declines one

_api = click.option("--api", default=API, envvar="SCRAWL_API", show_default=True, show_envvar=True, help="The API.")
_token = click.option(
    "--token", envvar="SCRAWL_WRITE_TOKEN", show_envvar=True, help="The token for changing weights."
)
_model = click.option("--model", default="mlp-128", show_default=True, help="Which network.")
_if_version = click.option("--if-version", help="Only if this is still the current version.")


@click.command()
@click.argument(
    "pictures",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="PICTURE...",
)
@_model
@_api
def predict(pictures: tuple[str, ...], model: str, api: str) -> None:
    """Have the API recognise the digit in each picture.

    Pictures are of any size, dark on light or light on dark; - is the standard input. One that the API declines does
    not keep the others from being read, but counts as a failure.
    """
    from infra.client import ApiError

    declined = 0
    with plain_errors():
        client = _client(api)
        for picture in pictures:
            with click.open_file(picture, "rb") as file:
                content = file.read()
            try:
                found = client.predict(content, picture, model)
            except ApiError as error:
                if error.status not in _ABOUT_THE_PICTURE:
                    raise
                click.echo(f"{picture}: {error}", err=True)
                declined += 1
                continue
            click.echo(f"{picture}: {found.label} ({found.probabilities[found.label]:.1%})")
            for warning in found.warnings:
                click.echo(f"  {warning.message}")
    if declined:
        raise click.ClickException(f"{declined} of {len(pictures)} pictures could not be read")


@click.group()
def weights() -> None:
    """Move weights between files and an API."""


@weights.command()
@_model
@click.option("--version", help="An older version. [default: the current one]")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="NAME.safetensors, NAME.onnx or NAME.json. [default: MODEL.safetensors]",
)
@_api
def get(model: str, version: str | None, out: Path | None, api: str) -> None:
    """Write the API's weights to a file."""
    out = out or Path(f"{model}.safetensors")
    with plain_errors():
        body = _client(api).weights(model, version, _media_type(out))
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, body)
    click.echo(f"{out}: {len(body):,} bytes")


@weights.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_model
@_if_version
@click.option("--force", is_flag=True, help="Even if they are clearly worse; later ones are compared with these.")
@_api
@_token
def put(file: Path, model: str, if_version: str | None, force: bool, api: str, token: str | None) -> None:
    """Make the weights in a file the API's current ones.

    The file is safetensors, JSON as the API gives it, or ONNX. The API measures them first, and declines those that
    cannot be used or are clearly worse than the best it has had.
    """
    with plain_errors():
        body, media_type = _weights_in(file, model)
        published = _client(api, token).put_weights(body, model, media_type, if_version, force=force)
    click.echo(f"Version {published.version} is current: {published.accuracy:.2%} of the test digits")


@weights.command()
@_model
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many versions to show.")
@_api
def history(model: str, limit: int, api: str) -> None:
    """List the versions of the API's weights, newest first."""
    with plain_errors():
        for entry in _client(api).history(model, limit):
            mark = "*" if entry.current else " "
            click.echo(
                f"{mark} {entry.version}  {entry.created_at}  {entry.accuracy:7.2%}  {entry.source:<10} "
                f"{entry.samples:>9,} samples"
            )


@weights.command()
@click.argument("version")
@_model
@_if_version
@_api
@_token
def rollback(version: str, model: str, if_version: str | None, api: str, token: str | None) -> None:
    """Make an older version of the API's weights current again."""
    with plain_errors():
        published = _client(api, token).rollback(version, model, if_version)
    click.echo(f"Version {published.version} is current: {published.accuracy:.2%} of the test digits")


def _client(api: str, token: str | None = None) -> "Client":
    from infra.client import Client

    return Client(api, token)


def _media_type(path: Path) -> str:
    from infra import client

    known = dict(zip(SUFFIXES, (client.SAFETENSORS, client.ONNX, client.JSON), strict=True))
    if path.suffix not in known:
        raise click.ClickException(f"{path}: expected a name that ends in {', '.join(SUFFIXES)}")
    return known[path.suffix]


def _weights_in(file: Path, model: str) -> tuple[bytes, str]:
    """Return a file's weights as the API takes them, and their media type; ONNX becomes safetensors."""
    from functions.weights import foreign, safetensors
    from infra import client
    from model_export import pretrained

    media_type = _media_type(file)
    if media_type == client.ONNX:
        return safetensors.encode(pretrained.read(model, file)[0], {}), client.SAFETENSORS
    content = file.read_bytes()
    if media_type == client.SAFETENSORS:
        foreign.check_format(content)
    return content, media_type
