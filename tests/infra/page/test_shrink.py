"""What the browser gets of a Python source: what runs, and nothing else."""

import ast
from typing import Any

from infra.page.shrink import shrink
from infra.paths import ROOT

SITE = ROOT / "site" / "scrawl"
SOURCE = '''"""A module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

LIMIT: int = 3  # a comment
later: str
type Pair = tuple[int, int]


class Box[Content]:
    content: Content


class Thing:
    """Only a docstring and an annotation."""

    name: str


def double(x: float, *rest: int, y: str = "a") -> float:
    """Return twice."""
    total: float = 2 * x
    text = "not a docstring"
    return total


def first[Item](items: list[Item]) -> Item:
    return items[0]


async def wait() -> None:
    """Only a docstring."""
'''


def test_what_only_readers_and_the_type_checker_need_is_gone() -> None:
    shrunk = shrink(SOURCE)
    for word in (
        "module",
        "comment",
        "docstring.",
        "Return twice",
        "float",
        "int",
        "later",
        "typing",
        "TYPE_CHECKING",
        "annotations",
        "Pair",
        "Content",
        "Item",
    ):
        assert word not in shrunk
    assert "not a docstring" in shrunk


def test_what_runs_is_the_same() -> None:
    namespace: dict[str, Any] = {}
    exec(shrink(SOURCE), namespace)
    assert namespace["LIMIT"] == 3
    assert namespace["double"](4, 5, y="b") == 8
    assert namespace["first"]([7, 8]) == 7
    assert namespace["Thing"] and namespace["Box"]


def test_nothing_is_left_of_a_mere_docstring() -> None:
    assert shrink('"""About."""\n') == ""


def test_every_module_of_the_page_can_be_shrunk() -> None:
    modules = sorted(SITE.rglob("*.py"))
    assert modules
    for path in modules:
        for node in ast.walk(ast.parse(shrink(path.read_text("utf-8")))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                assert ast.get_docstring(node) is None, path
