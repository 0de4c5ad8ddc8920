"""The Lambda's dependencies: those of `lambda-requirements.txt`, fetched for one architecture and made slim.

They are for the Python that runs here, since it compiles them; the Lambda then gets the same one.

`make lock` writes that file from `lambda-requirements.in`, with the hashes of all wheels: a package built next year
is the same to the byte. `infra.package.slim` says what is cut, `infra.package.lambda_package` packs what is left.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.output import Say
from infra.package import slim, slim_botocore
from infra.paths import BUILD

LOCK = Path(__file__).with_name("lambda-requirements.txt")
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}  # Lambda's name of an architecture → that of its wheels
PYTHONS = ((3, 12), (3, 13), (3, 14))  # that Lambda runs and Scrawl works with
_GLIBC = (34, 31, 28, 27, 17)  # 2.x: that of Lambda's Python 3.12 and newer, which is 2.34, and older ones


class PackageError(RuntimeError):
    """The package cannot be built; the message says why and what to do."""


def lambda_python(version: tuple[int, ...] = sys.version_info[:2]) -> str:
    """Return the number of the Python that runs here, as in `3.12`, if Lambda has it.

    Raises:
        PackageError: when Lambda does not have it.
    """
    known = [".".join(map(str, python)) for python in PYTHONS]
    came = ".".join(map(str, version[:2]))
    if came not in known:
        raise PackageError(
            f"Lambda has no Python {came}: it runs {', '.join(known)}. Make the environment again with one of them, "
            f"as in `make clean && make PYTHON=python{known[-1]} serve`"
        )
    return came


def fetch(architecture: str, say: Say) -> Path:
    """Return a folder with the slimmed dependencies, which is made again when the lock or what is cut has changed.

    Raises:
        PackageError: when pip cannot fetch one.
    """
    sources = [LOCK, *(Path(str(module.__file__)) for module in (slim, slim_botocore, sys.modules[__name__]))]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    folder = BUILD / "package" / f"dependencies-{lambda_python()}-{architecture}-{digest}"
    if folder.exists():
        return folder
    say(f"Fetching what the Lambda needs, for {architecture} and Python {lambda_python()}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        new = Path(unfinished) / "new"
        _install(new, architecture)
        slim.slim_for_lambda(new)
        new.replace(folder)
    return folder


def _install(folder: Path, architecture: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), "--no-deps", "--no-compile"]
    options = [*_wheel_options(architecture), "--require-hashes", "-r", str(LOCK)]
    fetched = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if fetched.returncode:
        raise PackageError(f"pip could not fetch the Lambda's dependencies:\n{fetched.stderr.strip()}")


def _wheel_options(architecture: str) -> list[str]:
    """Return pip's options for wheels that run in a Lambda of an architecture."""
    machine = MACHINES[architecture]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC] + [f"manylinux2014_{machine}"]
    chosen = [option for platform in platforms for option in ("--platform", platform)]
    return [*chosen, "--python-version", lambda_python(), "--implementation", "cp", "--only-binary=:all:"]
