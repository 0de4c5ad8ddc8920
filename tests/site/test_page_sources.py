"""Rules for the sources of the page's Python that no linter knows."""

import ast
from pathlib import Path

import pytest

from infra.page.shrink import shrink
from infra.paths import ROOT

SITE = ROOT / "site"
SOURCES = sorted((SITE / "scrawl").rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(SITE))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_try_has_an_else(path: Path) -> None:
    """Brython alone skips the `else` of one around an `await` now and then (docs/brython-await.md)."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    lines = [node.lineno for node in nodes if isinstance(node, ast.Try | ast.TryStar) and node.orelse]
    assert not lines, f"{name_of(path)} has a try with an else in line {lines[0]}"


# Only types: it never reaches the browser.
TYPES = "scrawl.net.interfaces"
# What these folders may import when they run; types may come from anywhere.
ALLOWED = {
    "net": ("scrawl.net",),
    "training": ("scrawl.net", "scrawl.training"),
    "state": ("scrawl.state", "scrawl.drawing.drawing", "scrawl.net.names"),
    "protocol.py": (),
}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [(path, ALLOWED[part]) for path in SOURCES if (part := path.relative_to(SITE / "scrawl").parts[0]) in ALLOWED],
    ids=lambda value: name_of(value) if isinstance(value, Path) else "",
)
def test_what_needs_no_browser_imports_none(path: Path, allowed: tuple[str, ...]) -> None:
    if name_of(path) == f"{TYPES.replace('.', '/')}.py":
        return
    for node in ast.walk(ast.parse(shrink(path.read_text("utf-8")))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            assert module != TYPES
            assert any(module == room or module.startswith(f"{room}.") for room in allowed), f"{module} is imported"
