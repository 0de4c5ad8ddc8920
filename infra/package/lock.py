"""Fixes the versions in the Lambda package: `python -m infra.package.lock` writes `lambda-requirements.txt`.

Each package that `requirements.txt` asks for, botocore, and each that these need, stands there with its version and
the hashes of its wheels for both architectures, so that a package built next year is the same to the byte.
"""

import hashlib
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from infra.paths import ROOT

LOCK = Path(__file__).with_name("lambda-requirements.txt")
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}  # Lambda's name of an architecture → that of its wheels
BUNDLED = ("botocore>=1.40",)  # Lambda has it, too, but of a version that changes, and slower to start
GLIBC = (34, 31, 28, 27, 17)  # 2.x, that Lambda's Python 3.12 has (2.34) or that is older
_HEADER = "# Written by `make lock` from requirements.txt: what the Lambda's package holds, for both architectures.\n"


def wheel_options(architecture: str) -> list[str]:
    """Return pip's options for wheels that run in a Lambda of an architecture."""
    machine = MACHINES[architecture]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC] + [f"manylinux2014_{machine}"]
    chosen = [option for platform in platforms for option in ("--platform", platform)]
    return [*chosen, "--python-version", "3.12", "--implementation", "cp", "--only-binary=:all:"]


def main() -> None:
    """Resolve, and write the file."""
    hashes: dict[str, set[str]] = defaultdict(set)
    for architecture in MACHINES:
        with tempfile.TemporaryDirectory() as folder:
            wanted = ["-r", str(ROOT / "requirements.txt"), *BUNDLED]
            command = [sys.executable, "-m", "pip", "download", "-q", "-d", folder, *wanted]
            subprocess.run([*command, *wheel_options(architecture)], check=True)
            for wheel in Path(folder).glob("*.whl"):
                name, version = wheel.name.split("-")[:2]
                digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
                hashes[f"{name.lower().replace('_', '-')}=={version}"].add(digest)
    lines = [
        " \\\n    ".join([pin, *(f"--hash=sha256:{digest}" for digest in sorted(digests))])
        for pin, digests in sorted(hashes.items())
    ]
    LOCK.write_text(_HEADER + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
