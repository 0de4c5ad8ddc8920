"""An installation that is no checkout carries the shipped weights; what a write to a full disk says and leaves."""

import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.paths import ROOT
from model_export import pretrained


def test_wheel_holds_the_shipped_weights(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", "77", reason="building needs setuptools, which is not fetched for a test")
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("functions", "infra", "model_export"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    ended = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    (wheel,) = tmp_path.glob("*.whl")
    shipped = sorted(f"model_export/pretrained/{path.name}" for path in pretrained.FOLDER.glob("*.safetensors"))
    with zipfile.ZipFile(wheel) as archive:
        assert sorted(name for name in archive.namelist() if name.endswith(".safetensors")) == shipped
        assert {"functions/api/routes/root.py", "infra/cli/main.py"} <= set(archive.namelist())
    assert shipped


@contextmanager
def little_room() -> Iterator[None]:
    """Let no file grow beyond 100 KB: a write fails in its middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_full_disk_is_noticed_before_a_training(tmp_path: Path) -> None:
    with little_room(), pytest.raises(OSError, match=r"w\.safetensors cannot be written .*another place with --out"):
        pretrained.check_place(tmp_path / "w.safetensors", "mlp-128")
    assert list(tmp_path.iterdir()) == []


def test_failed_write_names_the_file_and_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"old")
    weights, metadata = pretrained.load("mlp-128")
    with little_room(), pytest.raises(OSError, match="too large") as raised:
        pretrained.write(path, weights, metadata)
    assert raised.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"
