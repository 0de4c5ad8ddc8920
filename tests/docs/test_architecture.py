"""docs/architecture.md and docs/images/rooms.svg name what is there, and imports follow the picture."""

import ast
import re
from functools import cache
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

import pytest

from infra.paths import ROOT

DOCS = (ROOT / "docs" / "architecture.md").read_text("utf-8")
HOUSES = {"functions": "functions", "infra": "infra", "site": "site/scrawl"}
# A house may import these others, and nothing else of the project.
MAY_IMPORT: dict[str, set[str]] = {
    "functions": set(),
    "model_export": {"functions"},
    "infra": {"functions", "model_export"},
    "site": set(),
}
LOWEST = 1e9
PROJECT = {"functions", "infra", "model_export", "bench", "tests"}
STEPS = re.findall(r"^\| `([\w/-]+/[\w.-]+\.(?:py|c))` \| ((?:`[\w.]+`(?:, )?)+) \|", DOCS, re.MULTILINE)
PATHS = sorted(set(re.findall(r"`((?:functions|site|infra|model_export|tests|bench|docs)/[\w/.-]*)`", DOCS)))


def drawn(house: str, kind: str = "") -> dict[str, float]:
    """Return the rooms of a house in the picture, or those of one colour, each with the height where it is drawn."""
    svg = ElementTree.parse(ROOT / "docs" / "images" / "rooms.svg").getroot()
    group = svg.find(f".//*[@id='{house}']")
    assert group is not None
    boxes = zip(group[::2], group[1::2], strict=True)  # rectangles and their names
    return {
        (text.text or "").split()[0]: float(box.get("y", "")) for box, text in boxes if kind in box.get("class", "")
    }


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


@cache
def imports(file: Path) -> list[list[str]]:
    """Return the modules that a file imports when it runs, as lists of their parts. Those for types do not count."""
    found: list[list[str]] = []
    left: list[ast.AST] = [tree(file)]
    while left:
        node = left.pop()
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}".split(".") for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            left += node.orelse
        else:
            left += ast.iter_child_nodes(node)
    return found


def defined(file: Path) -> set[str]:
    """Return the names of a module's functions, classes, methods and variables, as in `Class.method` and `method`."""
    if file.suffix == ".c":
        return set(re.findall(r"\b(\w+)\([^;{}()]*\) \{", file.read_text("utf-8")))
    names: set[str] = set()
    for node in tree(file).body:
        if isinstance(node, ast.ClassDef):
            methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}
            names |= {node.name} | methods | {f"{node.name}.{method}" for method in methods}
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def here(path: Path, folder: str) -> str:
    """Return which room of a house a file is in; a module beside the rooms is one by itself."""
    return path.relative_to(ROOT / folder).parts[0].removesuffix(".py")


def python_files(folder: str) -> list[Path]:
    return [path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts]


@pytest.mark.parametrize(("house", "folder"), HOUSES.items())
def test_picture_shows_every_room(house: str, folder: str) -> None:
    packages = {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}
    assert packages and packages <= drawn(house).keys()


@pytest.mark.parametrize(("house", "folder"), HOUSES.items())
def test_rooms_import_only_their_own_row_and_lower_ones(house: str, folder: str) -> None:
    rooms, package = drawn(house), Path(folder).name
    wrong = [
        f"{path.relative_to(ROOT)} imports {'.'.join(parts)}"
        for path in python_files(folder)
        for parts in imports(path)
        if parts[0] == package and len(parts) > 1
        if rooms.get(parts[1], LOWEST) < rooms.get(here(path, folder), 0)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("house", "outside"), [("functions", {"chalice"}), ("site", {"browser", "javascript"})])
def test_green_rooms_know_nothing_of_what_is_around_them(house: str, outside: set[str]) -> None:
    core = drawn(house, "core")
    files = [path for path in python_files(HOUSES[house]) if here(path, HOUSES[house]) in core]
    assert files
    assert [path for path in files for parts in imports(path) if parts[0] in outside] == []


@pytest.mark.parametrize("house", MAY_IMPORT)
def test_houses_import_only_those_that_the_arrows_lead_to(house: str) -> None:
    allowed = MAY_IMPORT[house] | {house}
    found = chain.from_iterable(imports(path) for path in python_files(house))
    assert {parts[0] for parts in found} & PROJECT <= allowed


def test_paths_in_the_docs_exist() -> None:
    assert PATHS
    assert [path for path in PATHS if not (ROOT / path).exists()] == []


def test_walks_are_found() -> None:
    assert len(STEPS) > 30


def test_steps_of_the_walks_name_what_is_there() -> None:
    missing = {
        (path, name) for path, names in STEPS for name in set(re.findall(r"`([\w.]+)`", names)) - defined(ROOT / path)
    }
    assert missing == set()
