"""Which store a command works on: its two options, and the store they name. What is done there is left to others."""

from collections.abc import Iterator
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


@contextmanager
def opened(bucket: str | None, data_dir: Path) -> Iterator["Store"]:
    """Open a bucket on AWS as it is, or the local one, brought up to date."""
    from functions import aws
    from functions.storage.s3 import S3Store
    from infra.dataset.sources import Sources
    from infra.local import local_stack

    if bucket:
        yield S3Store(aws.client("s3"), bucket)
        return
    with local_stack.local_store(data_dir, Sources.from_environment(), click.echo):
        yield S3Store(aws.client("s3"), local_stack.BUCKET)
