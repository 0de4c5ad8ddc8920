"""Fixes what is installed in each image: `python -m infra.containers.lock` writes `requirements/*.txt` anew.

The versions are those installed here, so an image holds what the tests have run with. How it is installed, and what
else is in an image, is left to the Dockerfile.
"""

import re
from collections.abc import Iterator
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement

FOLDER = Path(__file__).with_name("requirements")
_LAMBDA = ("aws-lambda-powertools", "botocore", "msgspec", "numpy", "onnxruntime", "orjson", "pillow")
WANTED = {
    "api": (*_LAMBDA, "chalice", "gunicorn", "threadpoolctl"),
    "grpc": (*_LAMBDA, "click", "grpcio", "grpcio-health-checking", "grpcio-reflection", "threadpoolctl"),
    "prepare": (*_LAMBDA, "onnx", "pooch", "requests", "scikit-learn", "tqdm"),
    "site": ("brotli", "brython", "mini-racer", "msgspec", "numpy", "onnx", "ziglang"),
}
_NOT_FIXED = {"pip"}  # of the base image
_HEADER = "# Written by `python -m infra.containers.lock`: all that is installed in the image `{image}`.\n"


def closure(wanted: tuple[str, ...]) -> set[str]:
    """Return the packages, and all that they need on Linux, by their normalised names."""
    found: set[str] = set()
    waiting = [normalised(name) for name in wanted]
    while waiting:
        name = waiting.pop()
        if name not in found | _NOT_FIXED:
            found.add(name)
            waiting += needs(name)
    return found


def needs(name: str) -> Iterator[str]:
    """Yield what an installed package asks for, extras aside."""
    for line in requires(name) or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield normalised(requirement.name)


def normalised(name: str) -> str:
    """Return a package's name as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Write a file for each image."""
    for image, wanted in WANTED.items():
        pins = "".join(f"{name}=={version(name)}\n" for name in sorted(closure(wanted)))
        (FOLDER / f"{image}.txt").write_text(_HEADER.format(image=image) + pins)


if __name__ == "__main__":
    main()
