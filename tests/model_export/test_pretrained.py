"""An installation that is no checkout carries the shipped weights."""

import shutil
import subprocess
import sys
import zipfile
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
