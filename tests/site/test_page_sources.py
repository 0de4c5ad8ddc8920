"""Rules for the sources of the page's Python that no linter knows."""

import ast
from pathlib import Path

from infra.page.shrink import shrink
from infra.paths import ROOT

SITE = ROOT / "site"
SOURCES = sorted((SITE / "scrawl").rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(SITE))


def test_no_try_has_an_else() -> None:
    """Brython alone skips the `else` of one around an `await` now and then (docs/brython-await.md)."""
    wrong = [
        f"{name_of(path)} has a try with an else in line {node.lineno}"
        for path in SOURCES
        if "else:" in (source := path.read_text("utf-8"))  # to parse them all takes a second
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Try | ast.TryStar) and node.orelse
    ]
    assert SOURCES
    assert not wrong, "\n".join(wrong)


# Only types: it never reaches the browser.
TYPES = "scrawl.net.interfaces"
# What these folders may import when they run; types may come from anywhere.
ALLOWED = {
    "net": ("scrawl.net",),
    "training": ("scrawl.net", "scrawl.training"),
    "state": ("scrawl.state", "scrawl.drawing.drawing", "scrawl.net.names"),
    "protocol.py": (),
}


def test_what_needs_no_browser_imports_none() -> None:
    pure = [
        (path, ALLOWED[part]) for path in SOURCES if (part := path.relative_to(SITE / "scrawl").parts[0]) in ALLOWED
    ]
    assert pure
    wrong = [
        f"{name_of(path)} imports {module}"
        for path, allowed in pure
        if name_of(path) != f"{TYPES.replace('.', '/')}.py"
        for module in imported(path)
        if module == TYPES or not any(module == room or module.startswith(f"{room}.") for room in allowed)
    ]
    assert not wrong, "\n".join(wrong)


def imported(path: Path) -> list[str]:
    """Return the modules that a file of the page imports when it runs."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(shrink(path.read_text("utf-8")))):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append(node.module or "")
    return modules
