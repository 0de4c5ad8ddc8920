"""What is in the Lambda package, and how it is built. `test_lambda_runtime` runs it."""

import re
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from infra.deploy.checked_package import obtain
from infra.package import dependencies, lambda_package
from infra.package.dependencies import LOCK, PackageError
from infra.package.slim import LICENCES
from infra.paths import ROOT
from tests.infra.package.conftest import ARCHITECTURE


@pytest.fixture
def small_dependencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have packages built with one file in place of each dependency, since packing all of them takes long."""
    folder = tmp_path / "dependencies"
    for name in ("numpy", "onnxruntime", "PIL", "botocore"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.pyc").write_bytes(b"code")
    monkeypatch.setattr(dependencies, "fetch", lambda *_: folder)


def test_the_package_holds_what_it_must_and_nothing_foreign(package: Path) -> None:
    with zipfile.ZipFile(package / "deployment.zip") as zipped:
        names = zipped.namelist()
        assert {entry.date_time for entry in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert any(name.startswith("onnxruntime/") for name in names)
    assert not [name for name in names if name.startswith(("infra/", "model_export/", "onnx/", "moto/", "tests/"))]
    assert names == sorted(names)


def test_what_the_package_ships_comes_with_its_licences(package: Path) -> None:
    with zipfile.ZipFile(package / "deployment.zip") as zipped:
        names = zipped.namelist()
        notices = zipped.read("onnxruntime/ThirdPartyNotices.txt")
    assert b"protobuf" in notices
    assert {"LICENSE", "chalice/LICENSE", "chalice/NOTICE", "onnxruntime/LICENSE"} <= set(names)
    licensed = {name.split("/")[0] for name in names if LICENCES.match(name.partition(".dist-info/")[2])}
    shipped = {name.split("/")[0] for name in names if ".dist-info/" in name}
    # onnxruntime has its licence in the package itself.
    assert [folder for folder in shipped - licensed if not folder.startswith("onnxruntime-")] == []
    assert any(name.startswith("botocore-") and name.endswith("/NOTICE") for name in names)
    weighed = (package / "deployment.zip").stat().st_size
    assert weighed <= 30_000_000, f"{weighed:,} bytes: look for what nothing imports, in infra/package/slim.py"


def test_everything_in_the_package_is_compiled_and_what_has_sources_is_checked_against_them(package: Path) -> None:
    """What a Lambda compiles it cannot keep: it would do so at each cold start."""
    with zipfile.ZipFile(package / "deployment.zip") as zipped:
        names = zipped.namelist()
        sources = [Path(name) for name in names if name.endswith(".py")]
        assert {source.parts[0] for source in sources} == {"app.py", "chalice", "functions"}
        compiled = [
            str(source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc")
            for source in sources
        ]
        assert set(compiled) == {name for name in names if "__pycache__" in name}
        for name in compiled:
            assert zipped.read(name)[4:8] == b"\x03\0\0\0"  # PEP 552: by hash, which is checked


def test_what_is_built_is_accepted_for_deployment(package: Path) -> None:
    obtained = obtain(package, "prod", ARCHITECTURE, print)
    assert obtained.body == (package / "deployment.zip").read_bytes()


@pytest.mark.usefixtures("small_dependencies")
def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    for out in ("first", "second"):
        lambda_package.build(tmp_path / out, "prod", "x86_64")
    for name in ("deployment.zip", "sam.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_a_plain_deployment_takes_botocore_from_lambda_and_the_package_brings_its_own() -> None:
    """With botocore, what `chalice deploy` sends would exceed the 50 MB that Lambda takes: 63 MB, without 46 MB."""
    wanted = re.findall(r"^[a-z][\w-]*", (LOCK.with_name("plain-requirements.in")).read_text(), re.MULTILINE)
    plain = re.findall(r"^[a-z][\w-]*==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    locked = re.findall(r"^[a-z][\w-]*==\S+", LOCK.read_text(), re.MULTILINE)
    installed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert set(plain) <= set(locked), "fix it again: make lock"
    plain_names, locked_names = ({line.partition("==")[0] for line in lines} for lines in (plain, locked))
    assert not {"boto3", "botocore"} & plain_names
    assert set(wanted) <= plain_names
    assert "botocore" in locked_names
    assert {*wanted, "botocore", "chalice"} <= {re.split("[>=]", line)[0] for line in installed}


@pytest.mark.usefixtures("small_dependencies")
def test_what_lambda_does_not_take_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deployment.zip").write_bytes(b"old")
    monkeypatch.setattr(lambda_package, "LARGEST_ZIP", 1000)
    with pytest.raises(PackageError, match="of which Lambda takes 1,000"):
        lambda_package.build(tmp_path, "prod", "x86_64")
    assert (tmp_path / "deployment.zip").read_bytes() == b"old"


def test_a_python_that_lambda_does_not_have_is_refused_with_what_to_do() -> None:
    assert [dependencies.lambda_python(version) for version in dependencies.PYTHONS] == ["3.12", "3.13", "3.14"]
    with pytest.raises(PackageError, match=r"no Python 3\.15: it runs 3\.12, 3\.13, 3\.14\. .*PYTHON=python3\.14"):
        dependencies.lambda_python((3, 15))
