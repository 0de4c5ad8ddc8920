"""The Lambda package to deploy: built now, or built before and checked; and its template, ready to send.

`infra.package.lambda_package` builds it.
"""

import copy
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from infra.deploy.aws_errors import DeployError
from infra.deploy.cloudformation_stack import Json
from infra.output import Say
from infra.package import lambda_package
from infra.paths import BUILD, ROOT

_FUNCTION = "AWS::Serverless::Function"
_MACHINES = {62: "x86_64", 183: "arm64"}  # an ELF file's e_machine → Lambda's name
_PYTHON = re.compile(r"\.cpython-3(\d+)")
_AGAIN = "build it again with `scrawl package`"


@dataclass(frozen=True)
class CheckedPackage:
    """The functions' zip, and the template that Chalice wrote for it."""

    body: bytes
    template: Json

    def sent_template(self, bucket: str, key: str) -> bytes:
        """Return the template with the zip's place in the bucket."""
        template = copy.deepcopy(self.template)
        for function in _functions(template):
            function["CodeUri"] = {"Bucket": bucket, "Key": key}
        return json.dumps(template, sort_keys=True, separators=(",", ":")).encode()


def obtain(folder: Path | None, stage: str, architecture: str, say: Say) -> CheckedPackage:
    """Return the package in a folder, checked, or one that is built now.

    Raises:
        DeployError: when the one in the folder is damaged, built from other sources, or not for the Lambda.
        PackageError: when building fails.
    """
    if folder is None:
        folder = BUILD / "package" / "deploy" / f"{stage}-{architecture}"
        lambda_package.build(folder, stage, architecture, say=say)
    path = folder / "deployment.zip"
    try:
        template = json.loads((folder / "sam.json").read_text("utf-8"))
        _check_template(folder / "sam.json", template, stage)
        _check_zip(path, template)
        return CheckedPackage(path.read_bytes(), template)
    except FileNotFoundError as error:
        raise DeployError(f"{error.filename} is missing: {_AGAIN} --stage {stage} --out {folder}") from error
    except (zipfile.BadZipFile, json.JSONDecodeError) as error:
        raise DeployError(f"the package in {folder} is damaged or cut off ({error}): {_AGAIN}") from error


def warn_about_vendor(say: Say) -> None:
    """Say what is in vendor/ that a plain `chalice deploy` would ship and `scrawl deploy` leaves out."""
    link = ROOT / "vendor" / "functions"
    foreign = sorted(path.name for path in link.parent.glob("*") if path != link and path.name != "__pycache__")
    if foreign:
        say(f"NOTICE: vendor/ holds {', '.join(foreign[:3])}, left out here; plain `chalice deploy` would ship it")
    if not link.is_dir() or link.resolve() != ROOT / "functions":
        say("NOTICE: vendor/functions is no link to ../functions; functions/ is shipped, and the copy is left out")


def _functions(template: Json) -> list[Json]:
    return [entry["Properties"] for entry in template["Resources"].values() if entry["Type"] == _FUNCTION]


def _check_template(path: Path, template: Json, stage: str) -> None:
    stages = {
        function.get("Environment", {}).get("Variables", {}).get("SCRAWL_STAGE") for function in _functions(template)
    }
    if stages != {stage}:
        came = ", ".join(sorted(map(str, stages))) or "no functions"
        raise DeployError(
            f"{path} is for stage {stage!r} only if it says so; it has: {came}. {_AGAIN} --stage {stage}"
        )


def _check_zip(path: Path, template: Json) -> None:
    """Check that the zip is whole, built from today's sources, and for the template's architecture and Python."""
    function = _functions(template)[0]
    (machine,) = function.get("Architectures", ["x86_64"])
    python = str(function["Runtime"]).removeprefix("python3.")
    with zipfile.ZipFile(path) as zipped:
        names = zipped.namelist()
        if "onnxruntime/__init__.pyc" not in names and "onnxruntime/__init__.py" not in names:
            raise DeployError(f"{path} lacks onnxruntime, without which the API cannot answer: {_AGAIN}")
        if broken := zipped.testzip():
            raise DeployError(f"{path} is damaged, at {broken}: {_AGAIN}")
        for name in (name for name in names if ".so" in name):
            with zipped.open(name) as library:
                _check_library(path, name, library.read(20), machine, python)
        _check_sources(path, zipped, names)


def _check_library(path: Path, name: str, start: bytes, machine: str, python: str) -> None:
    came = _MACHINES.get(int.from_bytes(start[18:20], "little"), "an unknown machine")
    if start[:4] == b"\x7fELF" and came != machine:
        raise DeployError(
            f"{path} is for {came} ({name}), its template for {machine}: {_AGAIN} --architecture {machine}"
        )
    if (version := _PYTHON.search(name)) and version[1] != python:
        raise DeployError(f"{path} is for Python 3.{version[1]} ({name}), the Lambda runs 3.{python}: {_AGAIN}")


def _check_sources(path: Path, zipped: zipfile.ZipFile, names: list[str]) -> None:
    """Check that the zip has today's app.py and functions/."""
    own = {name for name in names if name.startswith("functions/") and not name.endswith(("/", ".pyc"))}
    files = [ROOT / "app.py", *(file for file in (ROOT / "functions").rglob("*") if file.is_file())]
    wanted = {file.relative_to(ROOT).as_posix(): file for file in files if "__pycache__" not in file.parts}
    changed = sorted((own | {"app.py"}) ^ wanted.keys())
    changed += [name for name in own & wanted.keys() if zipped.read(name) != wanted[name].read_bytes()]
    if changed:
        raise DeployError(f"{path} is stale: {changed[0]} has changed since it was built. {_AGAIN}")
