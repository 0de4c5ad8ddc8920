"""What compose.yaml runs, without an engine: a store, then the commands of the images, each in its own folder.

The store is moto's instead of the image's, and addresses are loopback ports instead of names.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from infra.files import locked
from infra.paths import BUILD, ROOT, SITE_BUILD
from tests.support.servers.containers import Image

PATIENCE = 120  # seconds; generous, on a busy machine
BUCKET = "scrawl-containers"


class Containers:
    """The services that have been started. Leaving the `with` of `containers` ends them."""

    def __init__(self, folder: Path, digits: Path, running: ExitStack) -> None:
        self.folder = folder
        self._running = running
        endpoint = running.enter_context(_store(folder / "store"))
        self.environment = {
            "SCRAWL_BUCKET": BUCKET,
            "SCRAWL_STAGE": "local",
            "SCRAWL_API_PREFIX": "/api",
            "SCRAWL_LOG_FORMAT": "json",
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "OPENBLAS_NUM_THREADS": "1",
            "MNIST_DIR": str(digits),
            "WEB_CONCURRENCY": "2",
        }

    def prepare(self, **environment: str) -> tuple[int, str]:
        """Fill the store; return the status and what was said."""
        image = self.image("prepare")
        return image.run(image.command, **self.environment | environment)

    def image(self, target: str) -> Image:
        """Return an image, laid out on first use."""
        return Image(target, self.folder / target)

    def start(self, target: str, port: int) -> subprocess.Popen[str]:
        """Start an image's command and wait until its own health check is content."""
        image = self.image(target)
        process = image.start(image.command, self.log(target), PORT=str(port), **self.environment)
        self._running.callback(_end, process)
        health = [re.sub(r"(127\.0\.0\.1):\d+", rf"\1:{port}", part) for part in image.health]
        wait_for(lambda: image.run(health)[0] == 0 or process.poll() is not None)
        assert process.poll() is None, self.log(target).read_text()
        return process

    def log(self, target: str) -> Path:
        """Return where a service's output goes."""
        return self.folder / f"{target}.log"

    def serve_site(self, api: int, port: int) -> None:
        """Serve the page with nginx and the image's configuration, the API being at that port."""
        nginx = shutil.which("nginx")
        assert nginx is not None
        served = self.folder / "site"
        if not served.exists():
            self._build_site(served)
        scratch = self.folder / f"nginx-{port}"
        scratch.mkdir()
        configuration = scratch / "nginx.conf"
        # Relative to `-p` in the image, and to the configuration's own folder for what it includes.
        (scratch / "headers.conf").symlink_to(served / "headers.conf")
        configuration.write_text(nginx_configuration(api, port, scratch))
        user = "user root; " if os.geteuid() == 0 else ""  # else its workers could not enter the tests' folder
        command = [nginx, "-p", str(served), "-c", str(configuration), "-g", f"{user}daemon off;"]
        with self.log("nginx").open("w") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True)
        self._running.callback(_end, process)
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/") or process.poll() is not None)
        assert process.poll() is None, self.log("nginx").read_text()

    def _build_site(self, served: Path) -> None:
        build = self.image("site-build")
        (build.folder / "build").symlink_to(BUILD)  # what has been compiled before
        if SITE_BUILD.exists():  # and compressed: a file whose content is the same is left as it is
            with locked(BUILD / "site.lock"):
                shutil.copytree(SITE_BUILD, served / "site")
        status, said = build.run(["python", "-m", "infra.containers.build_page", str(served)])
        assert status == 0, said


def nginx_configuration(api: int, port: int, scratch: Path) -> str:
    """Return the image's configuration, but for three things that a shared machine needs otherwise."""
    text = (ROOT / "infra" / "containers" / "nginx.conf").read_text()
    here = {"listen 8080;": f"listen 127.0.0.1:{port};", "http://api:8000;": f"http://127.0.0.1:{api};"}
    for ours, theirs in here.items():
        assert text.count(ours) == 1
        text = text.replace(ours, theirs)
    return text.replace(" /tmp/", f" {scratch}/")


@contextmanager
def containers(folder: Path, digits: Path) -> Iterator[Containers]:
    """Run a store, and the services that use it."""
    with ExitStack() as running:
        yield Containers(folder, digits, running)


def free_port() -> int:
    """Return a port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Return whether somebody answers there, and well."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
        return True
    except OSError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.1)


@contextmanager
def _store(folder: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.servers.store_process", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
