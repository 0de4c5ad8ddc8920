"""The page's Python as one script: the `scrawl` package and only those modules of Brython's library it uses.

Brython's own `ModulesFinder` follows the imports. Unlike `brython-cli make_modules`, the result depends on the
sources alone, so that an unchanged page keeps its address in every cache. Serving it is left to `infra.web`.
"""

import hashlib
import html.parser
import json
import textwrap
from pathlib import Path
from typing import Any

from brython import list_modules

from infra.shrink import shrink

type Modules = dict[str, list[Any]]  # name → [".py" or ".js", source, imports, 1 if a package]

_TEMPLATE = """\
if (typeof document !== 'undefined') {{ __BRYTHON__.brython_modules = document.currentScript.src }}
__BRYTHON__.use_VFS = true
__BRYTHON__.update_VFS({modules})
"""


def brython_data() -> Path:
    """Return the folder where the Brython package keeps brython.js and its library."""
    return Path(list_modules.__file__).with_name("data")


def bundle(site: Path) -> str:
    """Return the JavaScript that brings in every module the scripts of `site/index.html` need."""
    library: Modules = list_modules.parse_stdlib(str(brython_data()))
    own = _package(site / "scrawl")
    finder = list_modules.ModulesFinder(stdlib=library, user_modules=own)
    for script in _page_scripts((site / "index.html").read_text("utf-8")):
        finder.get_imports(script)
    used = sorted({name for module in finder.modules for name in _with_parents(module)})
    modules: dict[str, Any] = {name: library.get(name) or own[name] for name in used}
    for entry in modules.values():
        entry[2:3] = map(sorted, entry[2:3])
    # Brython compares this stamp with that of its compiled copies: it must change when a source does.
    digest = hashlib.sha256(json.dumps(modules).encode()).digest()
    modules["$timestamp"] = int.from_bytes(digest[:6])
    return _TEMPLATE.format(modules=json.dumps(modules))


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
