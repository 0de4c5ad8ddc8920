"""The page's Python as two scripts: the `scrawl` package and only those modules of Brython's library it uses.

The first holds what the page needs to be usable, the second what `scrawl.later` begins after that.

Brython's own `ModulesFinder` follows the imports. Unlike `brython-cli make_modules`, the result depends on the
sources alone, so that an unchanged page keeps its address in every cache. Serving it is left to `infra.web`.
"""

import ast
import hashlib
import html.parser
import json
import textwrap
from pathlib import Path
from typing import Any

from brython import list_modules

from infra.shrink import shrink

type Modules = dict[str, list[Any]]  # name → [".py" or ".js", source, imports, 1 if a package]

_FIRST = """\
if (typeof document !== 'undefined') {{ __BRYTHON__.brython_modules = document.currentScript.src }}
__BRYTHON__.use_VFS = true
__BRYTHON__.update_VFS({modules})
"""
# Brython checks its compiled copies against what is there when it starts; for what comes later they may be old.
_LATER = """\
for (const name of {names}) delete __BRYTHON__.precompiled[name]
__BRYTHON__.update_VFS({modules})
"""


def brython_data() -> Path:
    """Return the folder where the Brython package keeps brython.js and its library."""
    return Path(list_modules.__file__).with_name("data")


def bundles(site: Path) -> tuple[str, str]:
    """Return two scripts: one with all modules that `site/index.html` needs, one with those that are begun later."""
    library: Modules = list_modules.parse_stdlib(str(brython_data()))
    modules = library | _package(site / "scrawl")
    first = _used(modules, _page_scripts((site / "index.html").read_text("utf-8")))
    later = _used(modules, [f"import {name}" for name in _begun_later(site)]) - first
    return _script(_FIRST, modules, first), _script(_LATER, modules, later)


def _begun_later(site: Path) -> list[str]:
    """Return the modules that `scrawl.later` and the worker import once the page can be used."""
    tree = ast.parse((site / "scrawl" / "later.py").read_text("utf-8"))
    (features,) = (n.value for n in tree.body if isinstance(n, ast.AnnAssign) and ast.unparse(n.target) == "FEATURES")
    return [*ast.literal_eval(features or ast.List([])), "scrawl.worker_later"]


def _used(modules: Modules, scripts: list[str]) -> set[str]:
    """Return the names of all modules that the scripts lead to."""
    finder = list_modules.ModulesFinder(stdlib={}, user_modules=modules)
    for script in scripts:
        finder.get_imports(script)
    return {name for module in finder.modules for name in _with_parents(module)}


def _script(template: str, library: Modules, names: set[str]) -> str:
    modules: dict[str, Any] = {name: library[name] for name in sorted(names)}
    for entry in modules.values():
        entry[2:3] = map(sorted, entry[2:3])
    # Brython compares this stamp with that of its compiled copies: it must change when a source does.
    digest = hashlib.sha256(json.dumps(modules).encode()).digest()
    modules["$timestamp"] = int.from_bytes(digest[:6])
    return template.format(names=sorted(names), modules=json.dumps(modules))


def _package(folder: Path) -> Modules:
    modules: Modules = {}
    for path in sorted(folder.rglob("*.py")):
        parts = (folder.name, *path.relative_to(folder).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        modules[name] = [".py", shrink(path.read_text("utf-8")), [], *([1] if is_package else [])]
    modules.setdefault(folder.name, [".py", "", [], 1])
    return modules


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


class _ScriptParser(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("type") in ("text/python", "text/python3")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts.append(textwrap.dedent(data))


def _page_scripts(page: str) -> list[str]:
    parser = _ScriptParser()
    parser.feed(page)
    return parser.scripts
