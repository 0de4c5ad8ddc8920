"""The images without an engine: what the Dockerfile puts into each, laid out in a folder, and its command run there.

Of the packages installed here, a process of an image can import those that the image has, and no others.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from infra.paths import ROOT

REQUIREMENTS = ROOT / "infra" / "containers" / "requirements"
# Hides every installed package that an image lacks; Python runs it before anything else.
_GUARD = """
import sys

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {lacking!r}:
            raise ModuleNotFoundError(f"the image has no {{name}}", name=name)

# The project itself is installed here, too, from the checkout; an image has its own copy.
sys.path[:] = [path for path in sys.path if path != {root!r}]
sys.meta_path[:] = [Lacking(), *(finder for finder in sys.meta_path if "editable" not in repr(finder))]
"""


class Image:
    """A stage of the Dockerfile, in a folder of its own."""

    def __init__(self, target: str, folder: Path) -> None:
        self.folder = folder
        stage = _stages()[target]
        self.command: list[str] = _list(stage, "CMD")
        self.health: list[str] = _list(stage, r"HEALTHCHECK[^\n]*\\\n\s+CMD")
        if folder.exists():  # laid out before
            return
        for source, place in re.findall(r"^COPY (?!--from)(\S+) (\S+)$", stage, re.MULTILINE):
            _copy(ROOT / source, folder / place)
        packages = re.search(r"^COPY --from=(\S+)-packages ", stage, re.MULTILINE)
        assert packages is not None, f"{target} installs nothing"
        pins = (REQUIREMENTS / f"{packages[1]}.txt").read_text()
        names = {*re.findall(r"^([\w.-]+)==", pins, re.MULTILINE), "pip", "scrawl"}
        lacking = {
            module for module, owners in _modules().items() if not any(canonicalize_name(o) in names for o in owners)
        }
        guard = folder / "guard"
        guard.mkdir(parents=True)
        (guard / "sitecustomize.py").write_text(_GUARD.format(lacking=lacking, root=str(ROOT)))

    def start(self, command: list[str], log: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        """Start a command as the image would: in its folder, with this environment alone."""
        with (log or Path(os.devnull)).open("w") as output:
            return subprocess.Popen(
                [sys.executable if part == "python" else part for part in command],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{self.folder}/guard", "HOME": "/tmp"} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def run(self, command: list[str], **environment: str) -> tuple[int, str]:
        """Run a command to its end; return its status and what it said."""
        log = self.folder / "log"
        process = self.start(command, log, **environment)
        try:
            return process.wait(300), log.read_text()
        finally:
            process.kill()


@cache
def _modules() -> dict[str, list[str]]:
    """Return which installed packages have which top-level modules."""
    return dict(packages_distributions())


def _stages() -> dict[str, str]:
    """Return the Dockerfile's stages by name."""
    text = (ROOT / "Dockerfile").read_text()
    parts = re.split(r"^FROM \S+ AS (\S+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _list(stage: str, instruction: str) -> list[str]:
    found = re.search(rf"^{instruction} (\[.*\])$", stage, re.MULTILINE)
    return json.loads(found[1]) if found else []


def _copy(source: Path, place: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
