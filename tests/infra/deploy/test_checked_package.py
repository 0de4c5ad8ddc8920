"""Packages that were built before: those that would not run are refused. And what is in vendor/ beside them."""

from pathlib import Path

import pytest

from infra.deploy import checked_package
from infra.deploy.aws_errors import DeployError
from tests.support.aws import cloud
from tests.support.aws.cloud import ARM64, LIBRARY, STAGE, template, write_package


def unusable(folder: Path) -> str:
    """Return why a package is not taken."""
    with pytest.raises(DeployError) as refused:
        checked_package.obtain(folder, STAGE, "x86_64", lambda _: None)
    return str(refused.value)


def test_a_package_that_would_not_run(tmp_path: Path) -> None:
    block = "functions/dataset/block.py"
    (tmp_path / "none").mkdir()
    assert "sam.json is missing: build it again with `scrawl package` --stage prod" in unusable(tmp_path / "none")
    arm = write_package(tmp_path / "arm", libraries={LIBRARY: ARM64})
    assert f"is for arm64 ({LIBRARY}), its template for x86_64" in unusable(arm)
    older = write_package(tmp_path / "older", libraries={LIBRARY.replace("312", "311"): b"\x7fELF"})
    assert "is for an unknown machine" in unusable(older)
    older = write_package(tmp_path / "older", libraries={LIBRARY.replace("312", "311"): cloud.X86_64})
    assert "is for Python 3.11" in unusable(older)
    stale = write_package(tmp_path / "stale", changed={block: b"print()"})
    assert f"is stale: {block} has changed since it was built" in unusable(stale)
    assert block in unusable(write_package(tmp_path / "stale", changed={block: None}))
    assert "functions/gone.py" in unusable(write_package(tmp_path / "stale", changed={"functions/gone.py": b""}))
    cut = write_package(tmp_path / "cut") / "deployment.zip"
    cut.write_bytes(cut.read_bytes()[:-500])
    assert "is damaged or cut off" in unusable(cut.parent)
    body = bytearray((write_package(cut.parent) / "deployment.zip").read_bytes())
    body[200] ^= 255
    cut.write_bytes(body)
    assert "damaged" in unusable(cut.parent)
    none = template()
    none["Resources"].pop("APIHandler")
    assert "it has: no functions" in unusable(write_package(tmp_path / "none", none))


def test_a_package_without_its_runtime_library(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "bare", libraries={})
    path = folder / "deployment.zip"
    path.write_bytes(path.read_bytes().replace(b"onnxruntime/", b"0nnxruntime/"))
    assert "lacks onnxruntime" in unusable(folder)


def test_what_else_is_in_vendor_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "functions").symlink_to("../functions")
    monkeypatch.setattr(checked_package, "ROOT", tmp_path)
    lines: list[str] = []
    checked_package.warn_about_vendor(lines.append)
    assert lines == []
    (tmp_path / "vendor" / "numpy").mkdir()
    checked_package.warn_about_vendor(lines.append)
    assert lines == [
        "NOTICE: vendor/ holds numpy, left out here; plain `chalice deploy` would ship it",
    ]
    (tmp_path / "vendor" / "functions").unlink()
    (tmp_path / "vendor" / "functions").mkdir()
    checked_package.warn_about_vendor(lines.append)
    assert "vendor/functions is no link to ../functions" in lines[-1]
