"""The store of `chalice local`: that of the local stack, in a folder outside the project.

Chalice starts its server again whenever a file of the project changes, so nothing may be written there.
"""

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import click
import pooch
from chalice.local import ChaliceRequestHandler

from infra.dataset.sources import DataError, Sources
from infra.local import local_stack
from infra.local.listening import StackError

_open: list[AbstractContextManager[None]] = []  # until the process ends


def start_or_end() -> None:
    """Start the store, unless SCRAWL_BUCKET names another; if that fails, say why and end the process."""
    sys.dont_write_bytecode = True
    ChaliceRequestHandler.disable_nagle_algorithm = True  # otherwise each answer takes 40 ms
    try:
        start()
    except (DataError, StackError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        os._exit(1)  # this may be a thread, whose exceptions end nothing


def start() -> None:
    """Start the store and point the application at it.

    Raises:
        StackError: when another process uses the folder.
        DataError: when the digits cannot be used.
    """
    if not os.environ.get("SCRAWL_BUCKET"):
        folder = Path(os.environ.get("SCRAWL_DATA_DIR") or pooch.os_cache("scrawl") / "chalice-local")
        store = local_stack.local_store(folder, Sources.from_environment(), click.echo)
        store.__enter__()
        _open.append(store)
        click.echo(f"The digits and the weights are in {folder}")
    os.environ.pop("SCRAWL_RETRAIN_FUNCTION", None)
    os.environ |= {"SCRAWL_STAGE": "local", "SCRAWL_API_PREFIX": ""}
