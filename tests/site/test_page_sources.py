"""Rules for the sources of the page's Python that no linter knows."""

import ast
from pathlib import Path

import pytest

from infra.paths import ROOT

SITE = ROOT / "site"
SOURCES = sorted((SITE / "scrawl").rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(SITE))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_try_has_an_else(path: Path) -> None:
    """Under WebKit's JavaScript engine, what Brython makes of one around an `await` sometimes skips the `else`."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    lines = [node.lineno for node in nodes if isinstance(node, ast.Try | ast.TryStar) and node.orelse]
    assert not lines, f"{name_of(path)} has a try with an else in line {lines[0]}"
