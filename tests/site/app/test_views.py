"""Views change the DOM and nothing else: no `render` of the page dispatches, sends, fetches or loads."""

import ast
from collections.abc import Iterator

import pytest

from infra.paths import SITE

# Methods of `Page`, `WorkerLink`, `Api` and `aio` that have an effect, and the import of a module by its name.
EFFECTS = {"dispatch", "send", "request", "fetch", "run", "open_selected", "mark_unavailable", "__import__"}


def classes_with_render() -> Iterator[tuple[str, ast.ClassDef]]:
    for path in sorted((SITE / "scrawl").rglob("*.py")):
        source = path.read_text("utf-8")
        if "def render(" not in source:  # to parse them all takes a second
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef) and "render" in methods_of(node):
                yield f"{path.parent.name}/{path.stem}.{node.name}", node


def methods_of(view: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in view.body if isinstance(node, ast.FunctionDef)}


def called_by_render(view: ast.ClassDef) -> set[str]:
    """Return the names of what `render` calls, itself or by way of the view's own methods."""
    methods, called, waiting = methods_of(view), set[str](), ["render"]
    while waiting:
        for name in _called(methods[waiting.pop()]) - called:
            called.add(name)
            if name in methods:
                waiting.append(name)
    return called


def _called(node: ast.AST) -> set[str]:
    """Return the names of what is called there and then: what a lambda or an inner function calls comes later."""
    names = set[str]()
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            names.add(name)
    inner = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef)
    return names.union(*(_called(child) for child in ast.iter_child_nodes(node) if not isinstance(child, inner)))


VIEWS = dict(classes_with_render())


@pytest.mark.parametrize("name", VIEWS)
def test_render_has_no_effects(name: str) -> None:
    assert called_by_render(VIEWS[name]) & EFFECTS == set()


def test_a_view_that_dispatches_by_way_of_a_method_is_found() -> None:
    source = """
class View:
    def render(self, state):
        self._show(state)
    def _show(self, state):
        self.page.dispatch("shown")
"""
    view = ast.parse(source).body[0]
    assert isinstance(view, ast.ClassDef)
    assert "dispatch" in called_by_render(view)
