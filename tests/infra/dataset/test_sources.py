"""Where the digits come from: each source, its order, and every way in which files can be wrong."""

import gzip
import http.server
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from infra.dataset import sources
from infra.dataset.download import DownloadError, download
from infra.dataset.sources import DataError, Sources, load_dataset, load_files
from tests.support.digits import idx_files


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.mark.parametrize("compressed", [False, True])
def test_files_are_read_gzipped_or_not(tmp_path: Path, compressed: bool) -> None:
    loaded = load_files(Sources(folder=idx_files.write(tmp_path, compressed=compressed)), quiet)
    assert {split: len(block) for split, block in loaded.splits.items()} == {"train": 1200, "test": 500}
    assert idx_files.images(loaded.splits["test"].pixels) == idx_files.contents()["t10k-images-idx3-ubyte"]
    assert idx_files.labels(loaded.splits["train"].labels) == idx_files.contents()["train-labels-idx1-ubyte"]


def test_unpacked_file_under_its_gzip_name_is_read(tmp_path: Path) -> None:
    idx_files.write(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").rename(tmp_path / "t10k-labels-idx1-ubyte.gz")
    assert len(load_files(Sources(folder=tmp_path), quiet).splits["test"]) == 500


@pytest.mark.parametrize(
    "place",
    [
        "{dotted}",  # 7-Zip, Windows
        "raw/{name}",  # torchvision's MNIST/
        "MNIST/raw/{name}.gz",  # torchvision's root
        "{name}/{name}",  # Kaggle
        "{dotted}/{name}",
    ],
)
def test_names_that_programs_give_are_found(tmp_path: Path, place: str) -> None:
    for name, body in idx_files.contents().items():
        path = tmp_path / place.format(name=name, dotted=name.replace("-idx", ".idx"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    assert len(load_files(Sources(folder=tmp_path), quiet).splits["test"]) == 500


def test_files_that_are_not_mnist_say_so(tmp_path: Path) -> None:
    loaded = load_files(Sources(folder=idx_files.write(tmp_path)), quiet)
    assert loaded.name == "idx"
    assert "Not MNIST: 1,200 and 500 digits" in loaded.notice


@pytest.mark.skipif("MNIST_DIR" not in os.environ, reason="needs the real MNIST in MNIST_DIR")
def test_real_mnist_is_recognised() -> None:
    loaded = load_files(Sources.from_environment(), quiet)
    assert (loaded.name, loaded.title, loaded.notice) == ("mnist", "MNIST", "")
    assert [len(loaded.splits[split]) for split in ("train", "test")] == [60_000, 10_000]
    assert loaded.splits["test"].labels[:5].tolist() == [7, 2, 1, 0, 4]


ONE = np.zeros((1, 784), np.uint8)
IMAGES = idx_files.contents()["train-images-idx3-ubyte"]
LABELS = idx_files.contents()["train-labels-idx1-ubyte"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_images": IMAGES[:-1]}, "train-images-idx3-ubyte is truncated: .* 940,816 bytes, found 940,815"),
        ({"train_images": IMAGES[:9]}, "truncated: an IDX header is 16 bytes long, the file 9"),
        ({"train_images": b""}, "truncated: an IDX header is 16 bytes long, the file 0"),
        ({"train_images": IMAGES + b"x"}, "too long: .* 940,816 bytes, found 940,817"),
        ({"train_images": b"\x89PNG\r\n\x1a\n" + IMAGES[8:]}, "not an IDX file of images: it starts with 0x89504e47"),
        ({"train_images": LABELS + bytes(9)}, "not an IDX file of images: it starts with 0x00000801, not 0x00000803"),
        ({"train_images": IMAGES[:11] + b"\x20" + IMAGES[12:]}, "28×28 pixels, found 32×28"),
        ({"train_images": idx_files.images(ONE[:0])}, "announces 0 items"),
        ({"train_images": idx_files.images(ONE)}, "has 1 images, but train-labels-idx1-ubyte 1,200 labels"),
        ({"train_images": b"\0\0\x08\x03\xff\xff\xff\xff" + IMAGES[8:]}, "truncated: .* 3,367,254,359,296 bytes"),
        ({"t10k_labels": LABELS[:-1] + b"\x0a"}, "labels are 0 to 9, found 10"),
        ({"t10k_labels": IMAGES}, "not an IDX file of labels"),
    ],
)
def test_damaged_or_foreign_file_is_refused(tmp_path: Path, changed: dict[str, bytes], message: str) -> None:
    folder = idx_files.write(tmp_path, compressed=False, **changed)
    with pytest.raises(DataError, match=message):
        load_files(Sources(folder=folder), quiet)


def test_truncated_gzip_is_refused(tmp_path: Path) -> None:
    idx_files.write(tmp_path, compressed=True)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz is not a whole gzip file"):
        load_files(Sources(folder=tmp_path), quiet)


def test_file_of_mnists_size_with_another_checksum_is_refused(tmp_path: Path) -> None:
    for name, body in {
        "train-images-idx3-ubyte": idx_files.images(np.zeros((60_000, 784), np.uint8)),
        "train-labels-idx1-ubyte": idx_files.labels(np.zeros(60_000, np.uint8)),
        "t10k-images-idx3-ubyte": idx_files.images(np.zeros((10_000, 784), np.uint8)),
        "t10k-labels-idx1-ubyte": idx_files.labels(np.zeros(10_000, np.uint8)),
    }.items():
        (tmp_path / name).write_bytes(body)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte, .* cannot be MNIST's: wrong MD5"):
        load_files(Sources(folder=tmp_path), quiet)


def test_missing_file_is_named(tmp_path: Path) -> None:
    idx_files.write(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte\.gz"):
        load_files(Sources(folder=tmp_path), quiet)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere, which is not a folder"):
        load_files(Sources(folder=tmp_path / "nowhere"), quiet)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Return the address and the folder of an HTTP server that has the four files."""
    folder = idx_files.write(tmp_path / "mirror", compressed=True)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", folder
        server.shutdown()


@pytest.fixture
def silence() -> Iterator[str]:
    """Return the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
def nobody() -> str:
    """Return an address where nothing listens, as without a network."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small files pass for MNIST."""
    monkeypatch.setattr(sources, "FILES", idx_files.md5s())


@pytest.mark.usefixtures("small_mnist")
def test_download_is_kept_and_used_without_a_network(tmp_path: Path, mirror: tuple[str, Path], nobody: str) -> None:
    cache = tmp_path / "cache"
    said: list[str] = []
    first = load_files(Sources(cache=cache, mirrors=(mirror[0],)), said.append)
    assert said == ["Downloading MNIST (11 MB)"]
    assert first.name == "mnist"
    again = load_files(Sources(cache=cache, mirrors=(nobody,)), said.append)
    assert said == ["Downloading MNIST (11 MB)"]
    assert np.array_equal(again.splits["train"].pixels, first.splits["train"].pixels)


@pytest.mark.usefixtures("small_mnist")
def test_damaged_file_in_the_cache_is_fetched_again(tmp_path: Path, mirror: tuple[str, Path]) -> None:
    cache = idx_files.write(tmp_path / "cache", compressed=True)
    (cache / "train-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8bnonsense")
    assert load_files(Sources(cache=cache, mirrors=(mirror[0],)), quiet).name == "mnist"


def test_mirror_with_a_wrong_file_is_passed_over(tmp_path: Path, mirror: tuple[str, Path]) -> None:
    address, folder = mirror
    wrong = folder / "wrong"
    idx_files.write(wrong, compressed=True)
    (wrong / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"an error page"))
    download(idx_files.md5s(), tmp_path / "cache", (f"{address}wrong/", address), 5)
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_wrong_files_everywhere_are_reported(tmp_path: Path, mirror: tuple[str, Path]) -> None:
    (mirror[1] / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"an error page"))
    with pytest.raises(DownloadError, match=r"t10k-images-idx3-ubyte\.gz has a wrong MD5"):
        download(idx_files.md5s(), tmp_path / "cache", (mirror[0],), 5)


def test_silent_mirrors_are_given_up_on(tmp_path: Path, silence: str) -> None:
    with pytest.raises(DownloadError, match=r"no (mirror answered within 0\.3 s|answer)"):
        download(idx_files.md5s(), tmp_path, (silence, silence), 0.3)


def test_one_silent_mirror_does_not_keep_another_from_answering(
    tmp_path: Path, silence: str, mirror: tuple[str, Path]
) -> None:
    download(idx_files.md5s(), tmp_path / "cache", (silence, mirror[0]), 5)
    assert (tmp_path / "cache" / "t10k-labels-idx1-ubyte.gz").exists()


def test_without_a_network_the_digits_of_scikit_learn_come_in(tmp_path: Path, nobody: str) -> None:
    said: list[str] = []
    loaded = load_dataset(Sources(cache=tmp_path, mirrors=(nobody,)), said.append)
    assert loaded.name == "digits"
    assert [len(loaded.splits[split]) for split in ("train", "test")] == [1497, 300]
    assert set(loaded.splits["test"].labels) == set(range(10))
    assert "no connection" in said[1]
    assert "not MNIST's digits but the 1,797 UCI digits" in said[2]
    sample = loaded.splits["train"].pixels.reshape(-1, 28, 28)
    ink = sample.max(0) > 0
    assert ink.any(0).sum() > 20  # fitted to 28×28, not 8×8 in a corner
    assert sample.max() >= 250


def test_named_folder_is_not_replaced_by_a_download(tmp_path: Path, mirror: tuple[str, Path]) -> None:
    with pytest.raises(DataError):
        load_dataset(Sources(folder=tmp_path, mirrors=(mirror[0],)), quiet)
