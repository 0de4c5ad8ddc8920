"""Reads a constant from a Python source of the page without running it."""

import ast
from pathlib import Path
from typing import Any


def literal(path: Path, name: str) -> Any:
    """Return the value that a module assigns to a name at its top level; it must be written out as a literal."""
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                return ast.literal_eval(value)
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                return ast.literal_eval(value)
    raise ValueError(f"{path} assigns nothing to {name}")
