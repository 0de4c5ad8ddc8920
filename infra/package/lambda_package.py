"""The Lambda package and its CloudFormation template: `build` writes deployment.zip and sam.json into a folder.

Chalice packs and describes the functions, `infra.package.dependencies` fetches what they need, and all of it is
compiled. The same sources give the same bytes. `infra/cloudformation/` describes the rest of the stack (buckets,
CloudFront, alarms); Chalice merges that in.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path

from infra.cloudformation import template
from infra.output import Say
from infra.package import dependencies, slim
from infra.package.dependencies import PackageError
from infra.paths import ROOT

LARGEST_ZIP, LARGEST_UNZIPPED = 50 * 1024**2, 250 * 1024**2  # bytes that Lambda takes
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of every entry: the first one that zip knows
_CHALICE = "from chalice.cli import main; main()"


def build(out: Path, stage: str, architecture: str, say: Say = lambda _: None) -> Path:
    """Build the package into `out` and return the zip's path.

    Raises:
        PackageError: when Lambda has no such Python as this one, a dependency cannot be fetched, Chalice fails, or
            the result is not what Lambda takes.
    """
    dependencies.lambda_python()
    out.mkdir(parents=True, exist_ok=True)  # what cannot be written is refused before the work
    packages = dependencies.fetch(architecture, say)
    with _staged(stage, architecture) as project:
        _run_chalice(project, stage)
        unfinished = out / "deployment.zip.new"
        size = _write_zip(unfinished, _own(project), packages)
        _check(unfinished, size, packages)
        shutil.copyfile(project / "out" / "sam.json", out / "sam.json")
        unfinished.replace(out / "deployment.zip")
    zipped = (out / "deployment.zip").stat().st_size
    say(f"{out / 'deployment.zip'}: {zipped / 1e6:.1f} MB zipped, {size / 1e6:.1f} MB unzipped, {architecture}")
    return out / "deployment.zip"


@contextmanager
def _staged(stage: str, architecture: str) -> Iterator[Path]:
    """Yield a copy of what Chalice reads, with the architecture in its configuration and nothing to install."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copyfile(ROOT / "app.py", project / "app.py")
        shutil.copytree(ROOT / ".chalice", project / ".chalice", ignore=shutil.ignore_patterns("deploy*"))
        shutil.copytree(
            ROOT / "functions", project / "vendor" / "functions", ignore=shutil.ignore_patterns("__pycache__")
        )
        (project / "requirements.txt").touch()
        config = project / ".chalice" / "config.json"
        settings = json.loads(config.read_text())
        settings["stages"].setdefault(stage, settings["stages"]["prod"])  # the stack says what differs
        config.write_text(json.dumps(settings | {"lambda_architecture": architecture}))
        yield project


def describe(out: Path, stage: str, architecture: str) -> Path:
    """Write the CloudFormation template alone into `out`, and return its path."""
    with _staged(stage, architecture) as project:
        _run_chalice(project, stage)
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(project / "out" / "sam.json", out / "sam.json"))


def _run_chalice(project: Path, stage: str) -> None:
    template.write(project / "stack.json", stage)
    command = [sys.executable, "-c", _CHALICE, "package", "--stage", stage, "--merge-template", "stack.json", "out"]
    environment = os.environ | {"AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1")}
    ended = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode or "Could not install" in ended.stdout + ended.stderr:
        raise PackageError(f"chalice package failed:\n{ended.stdout}{ended.stderr}")


def _own(project: Path) -> Path:
    """Return a folder with the functions and Chalice, compiled, and the licences of both."""
    folder = project / "own"
    with zipfile.ZipFile(project / "out" / "deployment.zip") as zipped:
        zipped.extractall(folder)
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")
    for file in distribution("chalice").files or ():
        if ".dist-info" in file.parts[0] and slim.LICENCES.match(file.name):
            (folder / "chalice" / file.name).write_bytes(file.read_binary())
    slim.compile_beside_sources(folder)
    return folder


def _write_zip(path: Path, *folders: Path) -> int:
    """Write the files of folders as one zip, in the order of their names. Return their size before compression."""
    files = {
        file.relative_to(folder).as_posix(): file
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file()
    }
    size = 0
    with zipfile.ZipFile(path, "w") as out:
        for name in sorted(files):
            body = files[name].read_bytes()
            size += len(body)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # as Unix writes it, wherever this runs
            out.writestr(entry, body, zipfile.ZIP_DEFLATED, 9)
    return size


def _check(path: Path, size: int, packages: Path) -> None:
    """Check that the package is complete and small enough."""
    missing = [name for name in ("numpy", "onnxruntime", "PIL", "botocore") if not (packages / name).is_dir()]
    if missing:
        raise PackageError(f"{packages} lacks {', '.join(missing)}: remove it and build again")
    for what, came, limit in (("zipped", path.stat().st_size, LARGEST_ZIP), ("unzipped", size, LARGEST_UNZIPPED)):
        if came > limit:
            raise PackageError(f"the package has {came:,} bytes {what}, of which Lambda takes {limit:,}")
