"""The Lambda package, which takes seconds to build and is built once for all tests."""

import platform
import zipfile
from pathlib import Path

import pytest

from infra.package import lambda_package
from tests.support.made_once import made_once

ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"  # what runs here


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with deployment.zip and sam.json, and the first unpacked in `unpacked`. It is shared."""

    def make(folder: Path) -> None:
        with zipfile.ZipFile(lambda_package.build(folder, "prod", ARCHITECTURE)) as zipped:
            zipped.extractall(folder / "unpacked")

    return made_once(tmp_path_factory, "package", make)
