"""The page's Python as two scripts: the `scrawl` package and only those modules of Brython's library it uses.

The first has what the page needs to be usable, and starts it; the second has what `scrawl.app.feature_loader` starts
after that. Brython's own `ModulesFinder` follows the imports. The result depends on the sources alone, so that an
unchanged page keeps its address in every cache. `infra.page.brython` compiles, `infra.local.static_files`
serves.
"""

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from brython.list_modules import ModulesFinder

from infra.files import write_atomically
from infra.page import brython
from infra.page.brython import Modules
from infra.page.literals import literal
from infra.page.shrink import shrink
from infra.paths import BUILD, ROOT

# Brython recognises a package by its compiled code being in a list.
_MODULES = """\
__BRYTHON__.use_VFS = true
__BRYTHON__.update_VFS({modules})
Object.assign(__BRYTHON__.precompiled, {compiled})
"""
# Without Brython's cache in the browser's storage: everything is compiled already, and storage may be blocked.
_START = """\
__BRYTHON__.$options = __BRYTHON__.parse_options({ indexeddb: false })
__BRYTHON__.builtins.__import__(__BRYTHON__.isWebWorker ? 'scrawl.worker.main' : 'scrawl.app.main')
"""
_FIRST = ("scrawl.app.main", "scrawl.worker.main")


def bundles(package: Path, more: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return the two scripts of the page's package: what comes first, and starts it, and what comes later.

    `more` names modules that the first has, too.

    Results are cached: to make them takes a second even where all code has been compiled.
    """
    cached = BUILD / "bundles" / f"{'-'.join([_digest(package)[:16], *more])}.json"
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(cached, json.dumps(_made(package, more)).encode())
    first, later = json.loads(cached.read_bytes())
    return first, later


def _digest(package: Path) -> str:
    """Return a hash of everything that the bundles are made from and with."""
    total = hashlib.sha256(sys.version.encode())  # `shrink` writes what this Python's `ast.unparse` writes
    for folder, files in ((package.parent, package.rglob("*.py")), (ROOT, Path(__file__).parent.glob("*.py"))):
        for path in sorted(files):
            name = str(path).removeprefix(str(folder))  # `relative_to` takes longer than the hash
            total.update(f"\0{name}\0".encode() + path.read_bytes())
    total.update(brython.release())
    return total.hexdigest()


def _made(package: Path, more: tuple[str, ...]) -> tuple[str, str]:
    modules = brython.library() | _own(package)
    first = _reached(modules, (*_FIRST, *more))
    later = _reached(modules, (*_features(package), "scrawl.worker.features")) - first
    return _script(modules, first) + _START, _script(modules, later)


def worker_bundle(package: Path, source: str) -> str:
    """Return a script for a worker that runs another source in place of the package's own worker."""
    modules = brython.library() | _own(package) | {"scrawl.worker.main": [".py", shrink(source), []]}
    return _script(modules, _reached(modules, ["scrawl.worker.main"])) + _START


def _features(package: Path) -> list[str]:
    """Return the modules that the page starts once it can be used."""
    listed: list[str] = literal(package / "app" / "feature_loader.py", "FEATURES")
    return listed


def _own(folder: Path) -> Modules:
    modules: Modules = {}
    for path in sorted(folder.rglob("*.py")):
        parts = (folder.name, *path.relative_to(folder).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        modules[name] = [".py", shrink(path.read_text("utf-8")), [], *([1] if is_package else [])]
    return modules


def _reached(modules: Modules, names: Iterable[str]) -> set[str]:
    """Return the names of all modules that importing some leads to."""
    finder = ModulesFinder(stdlib={}, user_modules=modules)
    for name in names:
        finder.get_imports(f"import {name}")
    return {part for name in finder.modules for part in _with_parents(name)}


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _script(modules: Modules, names: set[str]) -> str:
    entries, sources = {}, {}
    for name in sorted(names):
        kind, source, _imports, *package = modules[name]
        entries[name] = [kind, source if kind == ".js" else "", [], *package]
        if kind == ".py":
            sources[name] = (source, bool(package))
    compiled = {name: [code] if sources[name][1] else code for name, code in brython.compiled(sources).items()}
    return _MODULES.format(modules=json.dumps(entries), compiled=json.dumps(compiled))
