"""What `make lock` has fixed for the images: everything that an image needs, at versions that the project allows."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.paths import ROOT

FOLDER = ROOT / "infra" / "containers" / "requirements"
IMAGES = ("api", "grpc", "prepare", "site")
NOT_FIXED = {"pip"}  # Chalice names it; the base image has it


def wanted(path: Path) -> Iterator[str]:
    """Yield the packages that a file asks for, and those of the files that it refers to."""
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            yield from wanted(path.parent / line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            yield canonicalize_name(Requirement(line).name)


def closure(names: Iterator[str]) -> set[str]:
    """Return packages, and all that they need on Linux, as those that are installed here say."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found | NOT_FIXED:
            found.add(name)
            waiting += needs(name)
    return found


def needs(name: str) -> Iterator[str]:
    """Yield what an installed package asks for, extras aside."""
    for line in requires(name) or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def pins(image: str) -> dict[str, str]:
    """Return the versions that are fixed for an image."""
    text = (FOLDER / f"{image}.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)==(\S+) \\$", text, re.MULTILINE))


@pytest.mark.parametrize("image", IMAGES)
def test_everything_that_an_image_needs_has_a_version(image: str) -> None:
    pinned = pins(image)
    assert set(pinned) == closure(wanted(FOLDER / f"{image}.in")), "fix it again: make lock"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    for requirement in map(Requirement, [*project["dependencies"], *extras]):
        if came := pinned.get(canonicalize_name(requirement.name)):
            assert requirement.specifier.contains(came), f"{image}.txt: {requirement}"


def test_images_hold_what_the_tests_run_with() -> None:
    assert pins("api")["gunicorn"].split(".")[0] == version("gunicorn").split(".")[0]
