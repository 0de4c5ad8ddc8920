"""What a plain `chalice package` or `chalice deploy` sends: complete, and small enough for some time to come."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.package.dependencies import lambda_python
from infra.paths import ROOT

LARGEST = 48_000_000  # bytes; Lambda takes 52,428,800, and dependencies grow from release to release
CHALICE = "from chalice.cli import main; import sys; sys.exit(main())"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what `chalice package` writes for a copy of the project as it is in a fresh clone."""
    project = tmp_path_factory.mktemp("project")
    for name in ("app.py", "requirements.txt"):
        shutil.copyfile(ROOT / name, project / name)
    shutil.copytree(ROOT / ".chalice", project / ".chalice", ignore=shutil.ignore_patterns("deploy*"))
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "functions", project / "vendor" / "functions", ignore=ignored)
    command = [sys.executable, "-c", CHALICE, "package", "--stage", "prod", "out"]
    ended = subprocess.run(command, cwd=project, env=os.environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Could not install" not in ended.stdout + ended.stderr
    return project / "out"


@pytest.mark.package
@pytest.mark.ci_only  # it fetches and compresses 47 MB
def test_what_a_plain_deployment_sends_is_complete_and_far_below_lambdas_limit(packed: Path) -> None:
    template = json.loads((packed / "sam.json").read_text())
    runtimes = {entry["Properties"].get("Runtime") for entry in template["Resources"].values()} - {None}
    assert runtimes == {f"python{lambda_python()}"}
    with zipfile.ZipFile(packed / "deployment.zip") as zipped:
        folders = {name.split("/")[0] for name in zipped.namelist()}
    assert {"app.py", "chalice", "functions", "msgspec", "numpy", "onnxruntime", "orjson", "PIL"} <= folders
    assert (packed / "deployment.zip").stat().st_size <= LARGEST
