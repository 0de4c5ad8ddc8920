"""Downloads a dataset's files from whichever public mirror answers first, with progress, and checks their MD5.

Without a network it gives up after `timeout` seconds, also when the system's name resolution hangs for longer.
"""

import hashlib
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

from functions.errors import FormatError
from infra.dataset import idx

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)


class DownloadError(RuntimeError):
    """No mirror answered in time, or none had the right files."""


@dataclass(frozen=True)
class Packing:
    """How a dataset's files are compressed: what their names end in, and what reads them."""

    ending: str = ".gz"
    contents: Callable[[Path], bytes] = idx.read_bytes  # what the MD5 is of

    def is_right(self, path: Path, md5: str) -> bool:
        """Return whether a file is there and holds what it should."""
        if not path.exists():
            return False
        try:
            return hashlib.md5(self.contents(path), usedforsecurity=False).hexdigest() == md5
        except FormatError:
            return False


def download(
    files: Mapping[str, str], folder: Path, mirrors: tuple[str, ...], timeout: float, packing: Packing | None = None
) -> None:
    """Download every file (name → MD5 of its contents) to `folder`, unless it is there; packed by gzip as a rule.

    Raises:
        DownloadError: naming what failed at each mirror.
    """
    packing = packing or Packing()
    wanted = {f"{name}{packing.ending}": md5 for name, md5 in files.items()}
    missing = {name: md5 for name, md5 in wanted.items() if not packing.is_right(folder / name, md5)}
    if not missing:
        return
    pooch.get_logger().setLevel("WARNING")  # it would name every file
    first = _fastest(mirrors, min(missing), timeout)
    failures = []
    for mirror in sorted(mirrors, key=lambda mirror: mirror != first):
        try:
            for name, md5 in missing.items():
                _fetch(mirror, folder / name, md5, packing, timeout)
            return
        except (requests.RequestException, OSError, DownloadError) as error:
            failures.append(f"{mirror}: {error}")
    raise DownloadError("; ".join(failures))


def _fastest(mirrors: tuple[str, ...], file: str, timeout: float) -> str:
    """Return the mirror that answers first. All are asked at once, in daemon threads."""
    answers: queue.Queue[tuple[str, str | None]] = queue.Queue()

    def ask(mirror: str) -> None:
        try:
            with requests.get(mirror + file, stream=True, timeout=timeout) as answer:
                answer.raise_for_status()
            answers.put((mirror, None))
        except requests.RequestException as error:
            answers.put((mirror, f"{mirror}: {_reason(error)}"))

    for mirror in mirrors:
        threading.Thread(target=ask, args=(mirror,), daemon=True).start()
    deadline = time.monotonic() + timeout
    failures = []
    for _ in mirrors:
        try:
            mirror, failure = answers.get(timeout=max(0, deadline - time.monotonic()))
        except queue.Empty:
            raise DownloadError(f"no mirror answered within {timeout:g} s") from None
        if failure is None:
            return mirror
        failures.append(failure)
    raise DownloadError("; ".join(failures))


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)


def _fetch(mirror: str, path: Path, md5: str, packing: Packing, timeout: float) -> None:
    if packing.is_right(path, md5):
        return
    path.unlink(missing_ok=True)
    bar = tqdm(desc=path.stem, total=1, unit="B", unit_scale=True, disable=None)  # pooch corrects the total
    downloader = pooch.HTTPDownloader(progressbar=bar, timeout=timeout)
    pooch.retrieve(mirror + path.name, None, fname=path.name, path=path.parent, downloader=downloader)
    if not packing.is_right(path, md5):
        path.unlink()
        raise DownloadError(f"{path.name} has a wrong MD5")
