"""What several commands share: the options that name a store, opening it, and error messages without a traceback."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.paths import STATE

if TYPE_CHECKING:
    from functions.storage.store import Store

bucket_option = click.option("--bucket", help="An S3 bucket on AWS. [default: the local one, in the data directory]")
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=STATE,
    envvar="SCRAWL_DATA_DIR",
    help="Where the local S3 keeps its objects. [default: .scrawl]",
)

models_option = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Share this network, too, such as mlp-300-100; may be given several times. Once shared, it stays.",
)


@contextmanager
def open_store(bucket: str | None, data_dir: Path, models: Sequence[str] = ()) -> Iterator["Store"]:
    """Open a bucket on AWS as it is, or the local one after bringing it up to date."""
    from functions import aws
    from functions.storage.s3 import S3Store
    from infra.dataset.sources import Sources
    from infra.deploy.account import require_credentials
    from infra.local import local_stack

    if bucket:
        require_credentials()
        yield S3Store(aws.client("s3"), bucket)
        return
    with local_stack.local_store(data_dir, Sources.from_environment(), click.echo, models):
        yield S3Store(aws.client("s3"), local_stack.BUCKET)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the errors that a user can do something about into plain lines; end quietly on Ctrl-C."""
    from functions.errors import FormatError, InvalidValueError, NotFoundError, UnavailableError
    from functions.settings import SettingsError
    from infra.client import ApiError
    from infra.dataset.sources import DataError
    from infra.deploy.aws_errors import DeployError
    from infra.local.listening import StackError
    from infra.package.dependencies import PackageError

    known = (FormatError, InvalidValueError, NotFoundError, UnavailableError)
    try:
        yield
    except BrokenPipeError:  # `| head`: click knows what to do
        raise
    except (*known, ApiError, DataError, DeployError, PackageError, SettingsError, StackError, OSError) as error:
        raise click.ClickException(_in_words(error)) from error
    except KeyboardInterrupt:
        raise click.exceptions.Exit(130) from None


def _in_words(error: Exception) -> str:
    """Return an error's message; the system's own name the file first, and have no number."""
    if isinstance(error, FileExistsError) and error.filename:
        return f"{error.filename} is a file, and a folder is expected there"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)
