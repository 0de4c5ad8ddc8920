"""Brython's library, and its compiler, which runs here, in V8: what the page's Python becomes in the browser.

The page's Python is compiled when the page is built. So the browser need not fetch, start and run a compiler, and
Brython need not keep compiled copies in the browser's storage. What compiled code needs is in `brython_runtime`.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from brython import list_modules
from py_mini_racer import MiniRacer

from infra.files import write_atomically
from infra.page import brython_runtime
from infra.paths import BUILD

type Modules = dict[str, list[Any]]  # name → [".py" or ".js", source, imports, 1 if a package]

# Brython knows what is running by a stack of frames. It sets a coroutine's frame when a promise settles, but the
# coroutine goes on some microtasks later, when another may have set its own. Then the `else` of a `try` is skipped,
# since the stack seems to have another height, and `raise` may fail (docs/brython-await.md). So here each `await`
# sets the frame as it goes on.
_AWAIT = re.compile(r"`await \$B\.promise\(\$\{\$B\.js_from_ast\(this\.value, scopes\)\}\)`")
_AWAIT_WITH_FRAME = "`$B.resumed($B.frame_obj, await $B.settled($B.promise(${$B.js_from_ast(this.value, scopes)})))`"
# In compiled code: which line runs, as a statement or in front of a condition.
_LINE = re.compile(r"^\$B\.set_lineno\(frame, \d+(?:, '\w+')?\);?\n|\$B\.set_lineno\(frame, \d+\) && ", re.MULTILINE)
# What nothing asks for: JavaScript's `this`, whether a class's body is to be traced, whether a function is a method.
_NEVER_USED = re.compile(
    r"^\$B\.js_this = this\n|^if \(frame\.\$f_trace !== _b_\.None\) \{\n\$B\.trace_line\(\)\n\}\n"
    r"|^[\w$]+\.\$is_method = true\n",
    re.MULTILINE,
)
# A method finds its class each time it is called. Only `super()` uses it.
_METHOD_CLASS = re.compile(r"^locals\.ob_type = +locals\.__class__ = \$B\.get_method_class\(.*\)\n", re.MULTILINE)
# A text, or a name that Brython has made, or the number at its end.
_NAMES = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)"""
    r"""|(?<![.\w$])locals_\w+|(?<=[A-Za-z_])(?:\d{6})+\b"""
)
# What follows most functions: what is known of them, which `$B.made` (in `brython_runtime`) fills in.
_PLAIN_FUNCTION = re.compile(
    r"""([\w$]+)\.\$function_infos = \['([\w.]+)', '[\w<>$]+', '([\w<>$.]+)', __file__, (?:_b_\.None, ){3}"""
    r"""(\[[^\]]*\]), null, null,\n\d+, \d+, (\d+), \[\], 0, 0, \[[^\]]*\], false, \[\], frame\]\n"""
    r"""\$B\.set_func_attrs\(\1, frame, '\2'\)\n\1\.ob_type = \$B\.function\n\1\.__annotate__ = _b_\.None\n"""
)
_MODULE_NAMESPACE = re.compile(r"\b(locals_\w+) = \$B\.namespace\(")

# What a browser has and brython.js looks for while it is loaded.
SURROUNDINGS = """
globalThis.self = globalThis.global = globalThis
globalThis.module = {}
globalThis.process = { release: { name: 'node' } }
globalThis.console = { log() {}, info() {}, warn() {}, error() {} }
globalThis.addEventListener = () => {}
globalThis.URL = class { constructor(url) { this.pathname = url; this.search = this.hash = '' } }
"""
# The compiler numbers its names from a random number on, which need not have six digits. This one has.
_NUMBERING = "Math.random = () => 0.123456789\n"
_COMPILE = """
(modules => {
  const $B = __BRYTHON__, compiled = {}
  for (const [name, [source, isPackage]] of Object.entries(modules)) {
    const filename = `VFS.${name}${isPackage ? '/__init__' : ''}.py`
    $B.url2name[filename] = name
    $B.imported[name] = $B.module.$factory(name)
    try {
      compiled[name] = $B.py2js({ src: source, filename, imported: true }, name, name, $B.builtins_scope).to_js()
    } catch (error) {
      throw Error(`${filename}: ${$B.class_name(error)} ${error.args}, line ${error.lineno}`)
    }
  }
  return JSON.stringify(compiled)
})
"""


def release() -> bytes:
    """Return a hash of what is used of Brython, which another release of it changes."""
    files = (_data() / name for name in ("brython.js", "brython_stdlib.js"))
    return hashlib.blake2b(b"\0".join(path.read_bytes() for path in files)).digest()


def library() -> Modules:
    """Return Brython's own modules."""
    found: Modules = list_modules.parse_stdlib(str(_data()))
    return found


def runtime() -> bytes:
    """Return brython.js as the page gets it."""
    return brython_runtime.runtime(whole()).encode()


def compiler() -> str:
    """Return brython.js with its compiler, whose `await` sets the coroutine's frame."""
    script = whole()
    return script.replace(brython_runtime.only(_AWAIT, script), _AWAIT_WITH_FRAME)


def compiled(sources: dict[str, tuple[str, bool]]) -> dict[str, str]:
    """Return the JavaScript of modules, name → (source, whether it is a package). Results are cached."""
    arguments = json.dumps(sources)
    with_compiler = compiler()
    digest = hashlib.sha256("\0".join([arguments, _NUMBERING, _COMPILE, with_compiler]).encode()).hexdigest()
    cached = BUILD / "python" / f"{digest[:16]}.json"
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        with MiniRacer() as engine:
            engine.eval(SURROUNDINGS + _NUMBERING)
            engine.eval(with_compiler)
            write_atomically(cached, str(engine.eval(f"{_COMPILE}({arguments})")).encode())
    scripts: dict[str, str] = {name: _shortened(script) for name, script in json.loads(cached.read_bytes()).items()}
    return scripts


def _shortened(script: str) -> str:
    """Remove indentation and positions (the browser has no source to point at), and shorten Brython's names.

    Nor does it keep the number of the line that runs: a traceback names the first line of each function.
    Brython names the namespace of a class or function after everything it stands in, and ends the names of functions
    and temporary variables with a running number of six digits. With short names a tenth less is transferred.
    """
    script = re.sub(r"^\s*frame\.positions = \[[\d,\[\]]*\]\n", "", script, flags=re.MULTILINE)
    script = re.sub(r"^ +", "", script, flags=re.MULTILINE)
    script = _NEVER_USED.sub("", _LINE.sub("", script))
    if "_b_.super" not in script and "__class__'" not in script:
        script = _METHOD_CLASS.sub("", script)
    numbers: dict[str, int] = {}

    def short(found: re.Match[str]) -> str:
        name = found[0]
        if found["text"]:
            return name
        number = numbers.setdefault(name, len(numbers))
        return f"L${number}" if name.startswith("locals_") else f"${number}"

    shortened = _PLAIN_FUNCTION.sub(_made_plainly, _NAMES.sub(short, script))
    # Brython's loader asks for a module's own namespace by its full name.
    namespaces = [f"var {name} = L${numbers[name]}\n" for name in _MODULE_NAMESPACE.findall(script)]
    return shortened + "".join(namespaces)


def _made_plainly(found: re.Match[str]) -> str:
    function, _module, qualified, names, flags = found.groups()
    return f"$B.made({function}, frame, __file__, '{qualified}', {flags}, {names})\n"


def _data() -> Path:
    return Path(list_modules.__file__).with_name("data")


def whole() -> str:
    """Return brython.js as it is released."""
    return (_data() / "brython.js").read_text("utf-8")
