"""Where written digits come from: STROKES_DIR, the cache, a download; and what is said when there are none."""

import hashlib
from pathlib import Path

import pytest

from infra.dataset import written_digits
from infra.dataset.sources import DataError
from infra.dataset.written_digits import StrokeSources, load_written_digits, words
from tests.infra.dataset.test_lzw import compress
from tests.infra.dataset.test_sources import mirror, nobody, quiet
from tests.infra.dataset.test_unipen import FILE

__all__ = ["mirror", "nobody"]  # fixtures


def test_every_unipen_file_of_a_folder_is_read_and_others_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.tra.Z").write_bytes(compress(FILE, 12))
    (tmp_path / "b.unipen").write_bytes(FILE)
    (tmp_path / "README.md").write_text("Digits, each after a `.SEGMENT`.")
    monkeypatch.setenv("STROKES_DIR", str(tmp_path))
    digits = load_written_digits(StrokeSources.from_environment(), quiet)
    assert [digit.label for digit in digits] == [7, 1, 7, 1]


@pytest.mark.parametrize(("name", "message"), [("", "has no UNIPEN file of digits"), ("nowhere", "is not a folder")])
def test_folder_without_digits_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DataError, match=f"STROKES_DIR: .* {message}"):
        load_written_digits(StrokeSources(folder=tmp_path / name), quiet)


def test_download_is_checked_kept_and_used_without_a_network(
    tmp_path: Path, mirror: tuple[str, Path], nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = mirror
    file = folder / "pendigits-orig.tra.Z"
    file.write_bytes(compress(FILE.replace(b"\n", b"\r\n"), 16))
    monkeypatch.setattr(
        written_digits, "FILES", {"pendigits-orig.tra": hashlib.md5(words(file), usedforsecurity=False).hexdigest()}
    )
    cache = tmp_path / "cache"
    said: list[str] = []
    for at in (address, nobody):
        digits = load_written_digits(StrokeSources(cache=cache, mirrors=(at,)), said.append)
        assert [digit.label for digit in digits] == [7, 1]
    assert said == ["Downloading digits written on a tablet (1 MB)"]


def test_wrong_file_is_refused_and_the_message_says_what_to_do(tmp_path: Path, mirror: tuple[str, Path]) -> None:
    (mirror[1] / "pendigits-orig.tra.Z").write_bytes(compress(FILE, 12))
    with pytest.raises(DataError, match=r"has a wrong MD5\. Set STROKES_DIR to a folder with pendigits-orig\.tra\.Z"):
        load_written_digits(StrokeSources(cache=tmp_path / "cache", mirrors=(mirror[0],)), quiet)
