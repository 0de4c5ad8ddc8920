"""What is left of packages after cutting still works."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.package.slim import slim_for_image


def test_packages_made_slim_for_an_image_still_work(tmp_path: Path) -> None:
    for name in ("onnxruntime", "botocore"):
        installed = Path(importlib.import_module(name).__file__ or "").parent
        shutil.copytree(installed, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = _size(tmp_path)
    slim_for_image(tmp_path)
    assert _size(tmp_path) < before - 40e6
    use = (
        "import botocore, onnxruntime; from functions.aws import client; import functions.models.inference; "
        "client('s3'), client('lambda'); print(botocore.__file__, onnxruntime.__file__)"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", use], env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.count(str(tmp_path)) == 2


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
