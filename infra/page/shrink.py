"""Python sources as the browser needs them: without docstrings, comments, annotations and imports for them.

What the code does is the same; a third of what is transferred and a tenth of the time to start are saved.

Types cost the page nothing when a module follows three rules:

- It starts with `from __future__ import annotations`, so that annotations need no quotes and are never evaluated.
- Whatever only the type checker needs stands under `if TYPE_CHECKING:`: imports from `typing`, `collections.abc` and
  other modules, `Protocol`s, `TypedDict`s, aliases.
- Nothing of `typing` is used when the code runs: annotate a name instead of calling `cast`, and use string constants
  with a `Literal` type instead of `enum`.

`[T]` after a class or function and `type X = …` are removed, too.
"""

import ast


def shrink(source: str) -> str:
    """Return the source with nothing but what runs."""
    tree = ast.fix_missing_locations(_Shrinker().visit(ast.parse(source)))
    return ast.unparse(tree) + "\n" if tree.body else ""


class _Shrinker(ast.NodeTransformer):
    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = _without_docstring(node.body)
        self.generic_visit(node)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        if node.module == "__future__":
            return None
        node.names = [alias for alias in node.names if (node.module, alias.name) != ("typing", "TYPE_CHECKING")]
        return node if node.names else None

    def visit_If(self, node: ast.If) -> ast.AST | None:
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
                return None
        return self.generic_visit(node)

    def visit_TypeAlias(self, _node: ast.TypeAlias) -> None:
        return None

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.type_params = []
        node.body = _without_docstring(node.body)
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return self._function(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.Assign | None:
        self.generic_visit(node)
        return ast.Assign([node.target], node.value) if node.value else None

    def _function[F: (ast.FunctionDef, ast.AsyncFunctionDef)](self, node: F) -> F:
        node.returns, node.type_params = None, []
        node.body = _without_docstring(node.body)
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return body
