"""The local stack: page and API on one port, an S3 behind them, all in one process, its state in one folder.

The parts are in `infra.page.site`, `infra.local.s3_server`, `infra.dataset.seeding`, `infra.local.gateway`,
`infra.local.http_server` and `infra.local.static_files`; this module starts and stops them.
"""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from functions import aws
from functions.storage.s3 import S3Store
from infra.dataset.seeding import bring_up_to_date
from infra.dataset.sources import Sources
from infra.files import locked
from infra.local.gateway import ApiGateway
from infra.local.http_server import make_server
from infra.local.listening import LOCALHOST, StackError, addresses, is_open, listen
from infra.local.s3_server import REGION, LocalS3
from infra.local.seeding_store import SeedingStore
from infra.local.static_files import StaticFiles
from infra.output import Say
from infra.page.site import build_site
from infra.paths import BUILD, SITE_BUILD

BUCKET = "scrawl-local"
API = "/api"


def serve(
    port: int,
    folder: Path,
    sources: Sources,
    say: Say,
    *,
    models: Sequence[str] = (),
    lesson_stream: bool = False,
    host: str = LOCALHOST,
    anyone: bool = False,
) -> None:
    """Bring everything up to date and serve it until Ctrl-C or SIGTERM; with a stream, PATCHes go through that.

    `models` are networks to share besides those that Scrawl ships. Whoever reaches `host` may change the shared
    weights if there is no token, which `anyone` must allow.
    """
    if is_open(host) and not anyone and not os.environ.get("SCRAWL_WRITE_TOKEN"):
        raise StackError(
            f"With --host {host} everybody in the network could change and reset the shared weights. Set "
            "SCRAWL_WRITE_TOKEN, which you then type to open a room for a class, or allow it with --anyone"
        )
    _handle_signals()
    with ExitStack() as parts:
        sockets = listen(host, port)
        for each in sockets:
            parts.enter_context(each)
        parts.enter_context(local_store(folder, sources, say, models))
        if lesson_stream:
            from infra.local import local_lessons  # importing moto's Kinesis takes time

            parts.enter_context(local_lessons.local_stream())
        with locked(BUILD / "site.lock"):
            build_site(SITE_BUILD, say)
            page = StaticFiles(SITE_BUILD)
        server = make_server(_application(page), sockets)
        gc.freeze()  # what has been loaded stays: neither a request nor the end waits while it is looked through
        _say_where(host, sockets[0].getsockname()[1], say)
        with threadpool_limits(1, "blas"):  # otherwise the requests' BLAS threads spin while they wait for each other
            server.run()
    say("Stopped")


def _say_where(host: str, port: int, say: Say) -> None:
    found = addresses(host)
    for address in found:
        say(f"Others in this network open http://{address}:{port}")
    if is_open(host) and not found:
        say(f"Others open port {port} at this machine's address, which could not be found out: it has no network")
    say(f"Scrawl runs on http://localhost:{port} (Ctrl-C ends it)")


@contextmanager
def local_store(folder: Path, sources: Sources, say: Say, models: Sequence[str] = ()) -> Iterator[None]:
    """Run the local S3, seeded, and point this process's AWS clients at it."""
    with ExitStack() as parts:
        try:
            parts.enter_context(locked(folder / "lock", wait=False))
        except BlockingIOError as error:
            raise StackError(f"{folder} is in use by another Scrawl (process {error}): stop it first") from error
        if not (folder / "s3").exists():
            say(f"First start: storing digits and models in {folder}")
        s3 = LocalS3(folder / "s3", BUCKET)
        parts.callback(s3.close)
        _configure(s3.endpoint)
        store = SeedingStore(s3, lambda: S3Store(aws.client("s3"), BUCKET))
        bring_up_to_date(store, sources, say, models)
        yield


def _application(page: StaticFiles) -> Callable[..., Iterable[bytes]]:
    from functions import wiring
    from functions.app import app  # reads the environment

    wiring.service().warm_up()
    api = ApiGateway(app, API)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["REQUEST_URI"].partition("?")[0]
        chosen = api if path == API or path.startswith(f"{API}/") else page
        return chosen(environ, start_response)

    return application


def _configure(endpoint: str) -> None:
    """Set the environment that a Lambda would have, without the user's settings for a real account."""
    of_real_account = (
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "SCRAWL_RETRAIN_FUNCTION",
        "SCRAWL_LESSON_STREAM",
    )
    for name in of_real_account:
        os.environ.pop(name, None)
    os.environ |= {
        "SCRAWL_BUCKET": BUCKET,
        "SCRAWL_STAGE": "local",
        "SCRAWL_API_PREFIX": API,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1"])),
    }


def _handle_signals() -> None:
    """Stop cleanly on the first Ctrl-C or SIGTERM and when `make serve` is killed; at once on a second Ctrl-C."""

    def end(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # make sends it twice
        sys.exit(0)

    # Set for SIGINT, too: a shell starts background jobs with SIGINT ignored.
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    if "MAKELEVEL" in os.environ:
        threading.Thread(target=_stop_with, args=(os.getppid(),), daemon=True).start()


def _stop_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
