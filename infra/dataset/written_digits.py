"""Where digits written on a tablet come from: STROKES_DIR, else the cache, else a download from UCI.

They are those of "Pen-Based Recognition of Handwritten Digits" by E. Alpaydin and F. Alimoglu (UCI Machine Learning
Repository, 1998, CC BY 4.0): 7,494 digits by 30 writers. `unipen` reads them, `download` fetches them.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pooch

from functions.errors import FormatError
from infra.dataset import lzw, unipen
from infra.dataset.download import DownloadError, Packing, download
from infra.dataset.sources import DataError
from infra.dataset.unipen import WrittenDigit
from infra.output import Say

CREDIT = (
    '"Pen-Based Recognition of Handwritten Digits" by E. Alpaydin and F. Alimoglu, '
    "UCI Machine Learning Repository, 1998, CC BY 4.0"
)
MIRRORS = ("https://archive.ics.uci.edu/ml/machine-learning-databases/pendigits/",)
FILES = {"pendigits-orig.tra": "59fc0b61ea2fb0e2eec85566a6176d06"}  # name → MD5 of its words
_GZIP = b"\x1f\x8b"
_SEGMENT = b".SEGMENT"


@dataclass(frozen=True)
class StrokeSources:
    """Where to look for written digits, in this order."""

    folder: Path | None = None  # with UNIPEN files
    cache: Path = field(default_factory=lambda: Path(pooch.os_cache("scrawl")) / "strokes")
    mirrors: tuple[str, ...] = MIRRORS
    timeout: float = 6.0  # seconds for the first mirror to answer

    @classmethod
    def from_environment(cls) -> "StrokeSources":
        """Read STROKES_DIR."""
        folder = os.environ.get("STROKES_DIR")
        return cls(folder=Path(folder).expanduser() if folder else None)


def load_written_digits(sources: StrokeSources, say: Say) -> list[WrittenDigit]:
    """Return the digits of the named folder, else those of UCI from the cache or a download.

    Raises:
        DataError: when a folder was named and its files cannot be used, or no mirror has them.
    """
    if sources.folder is not None:
        try:
            return read_folder(sources.folder)
        except FormatError as error:
            raise DataError(f"STROKES_DIR: {error}") from error
    packing = Packing(".Z", words)
    if not all((sources.cache / f"{name}.Z").exists() for name in FILES):
        say("Downloading digits written on a tablet (1 MB)")
    try:
        download(FILES, sources.cache, sources.mirrors, sources.timeout, packing)
    except DownloadError as error:
        names = ", ".join(f"{name}.Z" for name in FILES)
        raise DataError(
            f"Digits written on a tablet could not be downloaded: {error}. Set STROKES_DIR to a folder with {names}."
        ) from error
    return [digit for name in FILES for digit in unipen.read(sources.cache / f"{name}.Z")]


def words(path: Path) -> bytes:
    """Return a file's words, one space or line apart: spaces and line ends differ where a file was packed again."""
    lines = (b" ".join(line.split()) for line in unipen.read_bytes(path).splitlines())
    return b"\n".join(line for line in lines if line)


def read_folder(folder: Path) -> list[WrittenDigit]:
    """Return the digits of all UNIPEN files in a folder, in the order of their names; other files are left alone.

    Raises:
        FormatError: when the folder is missing, has no such file, or a damaged one.
    """
    if not folder.is_dir():
        raise FormatError(f"{folder} is not a folder; name one with UNIPEN files of digits")
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and _is_unipen(path)]
    if not files:
        raise FormatError(f"{folder} has no UNIPEN file of digits, plain or packed by gzip or compress")
    return [digit for file in files for digit in unipen.read(file)]


def _is_unipen(path: Path) -> bool:
    """Return whether a file is packed, or holds a digit."""
    start = path.read_bytes()
    return start.startswith((_GZIP, lzw.MAGIC)) or any(line.startswith(_SEGMENT) for line in start.splitlines())
