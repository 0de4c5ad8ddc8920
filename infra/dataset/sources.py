"""Where the digits come from: MNIST_DIR, else the cache, else a download, else the small set in scikit-learn.

`infra.dataset.download` downloads them, `infra.dataset.seeding` cuts them into shards and stores them.
"""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pooch

from functions.dataset.block import Block
from functions.errors import FormatError
from functions.images.normalise import normalise
from infra.dataset import idx
from infra.dataset.download import MIRRORS, DownloadError, download
from infra.output import Say

FILES = {  # name → MD5 of the uncompressed bytes of MNIST
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
_SIZES = (60_000, 10_000)
_DIGITS_TEST = 300  # of the 1,797


class DataError(RuntimeError):
    """The digits cannot be used; the message says which file, what is wrong and what to do."""


@dataclass(frozen=True)
class DigitSplits:
    """Labelled digits in two splits. `notice` says what they are; it is empty for the real MNIST."""

    name: str  # mnist, idx (files that are not MNIST's) or digits (scikit-learn's)
    title: str
    notice: str
    splits: dict[str, Block] = field(repr=False)  # train, test


@dataclass(frozen=True)
class Sources:
    """Where to look for the digits, in this order."""

    folder: Path | None = None  # with the four IDX files
    cache: Path = field(default_factory=lambda: Path(pooch.os_cache("scrawl")) / "mnist")
    mirrors: tuple[str, ...] = MIRRORS
    timeout: float = 6.0  # seconds for the first mirror to answer

    @classmethod
    def from_environment(cls) -> "Sources":
        """Read MNIST_DIR."""
        folder = os.environ.get("MNIST_DIR")
        return cls(folder=Path(folder).expanduser() if folder else None)


def load_dataset(sources: Sources, say: Say) -> DigitSplits:
    """Return the digits of the first source that has any, and say what they are when they are not MNIST.

    Raises:
        DataError: when a folder was named and its files cannot be used.
    """
    try:
        return load_files(sources, say)
    except DownloadError as error:
        say(f"MNIST could not be downloaded: {error}")
        digits = scikit_learn_digits()
        say(f"NOTICE: {digits.notice}")
        return digits


def load_files(sources: Sources, say: Say) -> DigitSplits:
    """Return the digits of the named folder, else MNIST from the cache or from a mirror.

    Raises:
        DataError: when a folder was named and its files cannot be used.
        DownloadError: when no mirror has them.
    """
    if sources.folder is not None:
        return _from_folder(sources.folder)
    if not all((sources.cache / f"{name}.gz").exists() for name in FILES):
        say("Downloading MNIST (11 MB)")
    download(FILES, sources.cache, sources.mirrors, sources.timeout)
    return _from_folder(sources.cache)


def _from_folder(folder: Path) -> DigitSplits:
    if not folder.is_dir():
        raise DataError(f"MNIST_DIR is {folder}, which is not a folder; name one with {', '.join(FILES)}")
    contents = {name: _read(folder, name) for name in FILES}
    try:
        splits = {"train": _split(contents, "train"), "test": _split(contents, "t10k")}
    except FormatError as error:
        raise DataError(f"In {folder}: {error}") from error
    wrong = [name for name in FILES if hashlib.md5(contents[name], usedforsecurity=False).hexdigest() != FILES[name]]
    if not wrong:
        return DigitSplits("mnist", "MNIST", "", splits)
    if tuple(map(len, splits.values())) == _SIZES:
        raise DataError(
            f"In {folder}: {', '.join(wrong)} cannot be MNIST's: wrong MD5, so damaged or of another dataset. "
            "Get the file again, or leave MNIST_DIR unset to download MNIST."
        )
    train, test = map(len, splits.values())
    notice = f"Not MNIST: {train:,} and {test:,} digits from files in MNIST_DIR."
    return DigitSplits("idx", "IDX files", notice, splits)


def _read(folder: Path, name: str) -> bytes:
    path = idx.find(folder, name)
    if path is None:
        raise DataError(f"In {folder} there is neither {name} nor {name}.gz")
    try:
        return idx.read_bytes(path)
    except (FormatError, OSError) as error:
        raise DataError(str(error)) from error


def _split(contents: dict[str, bytes], prefix: str) -> Block:
    names = [name for name in contents if name.startswith(prefix)]
    pixels = idx.images(contents[names[0]], names[0])
    labels = idx.labels(contents[names[1]], names[1])
    if len(pixels) != len(labels):
        raise FormatError(f"{names[0]} has {len(pixels):,} images, but {names[1]} {len(labels):,} labels")
    return Block(labels, pixels)


def scikit_learn_digits() -> DigitSplits:
    """Return the 1,797 8×8 digits of the UCI repository, fitted to 28×28 as a drawing would be."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    fitted = np.stack([normalise(digits.images[i] / 16) for i in order])  # (1797, 28, 28)
    pixels = np.rint(fitted * 255).astype(np.uint8).reshape(len(order), -1)
    labels = digits.target[order].astype(np.uint8)
    notice = (
        "These are not MNIST's digits but the 1,797 UCI digits that come with scikit-learn. "
        "For MNIST, start again with a network, or set MNIST_DIR to a folder with its four files."
    )
    splits = {
        "train": Block(labels[:-_DIGITS_TEST], pixels[:-_DIGITS_TEST]),
        "test": Block(labels[-_DIGITS_TEST:], pixels[-_DIGITS_TEST:]),
    }
    return DigitSplits("digits", "UCI digits", notice, splits)
