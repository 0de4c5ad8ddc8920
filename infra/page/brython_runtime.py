"""brython.js as the page gets it: what compiled code needs when it runs, and nothing else.

`brython` compiles the page's Python when the page is built, so that what reads, parses and compiles Python, and what
the page never uses, is cut out. Each part is found by its first and last words, and a release of Brython without them
is refused.
"""

import re

from infra.page.brython_speed import faster

# Between Brython's own marks is what turns Python into syntax trees; after them, what describes the builtins.
_COMPILER = re.compile(
    r"// >>> brython compiler chain\n.*?// <<< brython compiler chain\nvar docs=\{.*?=docs\[key\]\}\}\}\n", re.DOTALL
)
# The next step, from syntax trees to JavaScript; then the parts of it that running code needs, and a frame for them.
_GENERATOR = re.compile(
    r'"use strict";\n\(function\(\$B\)\{var _b_=\$B\.builtins\nfunction ast_dump\(.*?\n;\n', re.DOTALL
)
_NEEDED = (
    re.compile(r"\$B\.is_buffer=.*?(?=function _bufferediobase_readinto_generic)", re.DOTALL),
    re.compile(r"\$B\.scope_name=.*\n"),
    re.compile(r"\$B\.decode_position=.*?(?=function get_source_from_position)", re.DOTALL),
    re.compile(r"function resolve_in_namespace\(.*?(?=var \$operators=)", re.DOTALL),
)
_HOLDER = """\
(function($B){{const _b_=$B.builtins,builtins_scope={{locals:new Set(Object.keys(_b_))}}
{needed}}})(__BRYTHON__);
;
"""

# What the page does without.
_TOKEN_NAMES = re.compile(r'\n"use strict";\n\(function\(\$B\)\{const tokens=\[.*?\n;\n', re.DOTALL)
_TOKENIZER = re.compile(r"const FT_START=.*?\nreturn t\}(?=\}\)\(__BRYTHON__\);\n;\n)", re.DOTALL)
_SYNTAX_TREES = re.compile(r'\n"use strict";\n__BRYTHON__\.ast_classes=.*?\nvar binary_ops=.*?\n;\n', re.DOTALL)
_COMPILING = re.compile(r"function get_line\(filename,lineno\).*?(?=\$B\.parse_options)", re.DOTALL)
_PYTHON_IN_HTML = re.compile(r"if\(!\(.{26}\)\)\{var startup_observer=.*?(?=var brython_options=)", re.DOTALL)
_FINDING_PYTHON_IN_HTML = re.compile(r"var python_scripts=\[\]\n.*?(?=function convert_option\()", re.DOTALL)
_RUNNING_PYTHON_IN_HTML = re.compile(r"function run_scripts\(.*?\$B\.brython=brython(?=\}\))", re.DOTALL)
_KEEPING_COMPILED = re.compile(r"function idb_load\(.*?(?=function add_jsmodule)", re.DOTALL)
_FILES = re.compile(r'\n\(function\(\$B\)\{"use strict";\nvar _b_=.*\nfunction make_lines\((?s:.*?)\n;\n')
_MISSED = re.compile(r"else\{\nconsole\.log\('missing builtin function',builtin_func\)\}")  # open, of files
_UNUSED = (
    *(_COMPILER, _TOKEN_NAMES, _TOKENIZER, _SYNTAX_TREES, _COMPILING, _MISSED),
    *(_PYTHON_IN_HTML, _FINDING_PYTHON_IN_HTML, _RUNNING_PYTHON_IN_HTML, _KEEPING_COMPILED, _FILES),
)

# What code that `brython` has compiled calls: the first two with each `await`, the third for a function that has no
# defaults and is no closure. It has the names of its arguments alone, of which `super` needs the first.
HELPERS = """\
;(function($B){
$B.settled = promise => Promise.resolve(promise).then(value => [value], error => [null, error])
$B.resumed = (frame, [value, ...errors]) => { $B.frame_obj = frame; if (errors.length) throw errors[0]; return value }
$B.made = (made, frame, file, name, flags, args) => {
  const none = $B.builtins.None
  made.$function_infos = [frame[2], name.split('.').pop(), name, file, none, none, none, args, null, null,
    args.length, 1, flags, [], 0, 0, [...args], false, [], frame]
  $B.set_func_attrs(made, frame, frame[2])
  made.ob_type = $B.function
  made.__annotate__ = none
}
})(__BRYTHON__);
"""

# Merely looking for the browser's database throws where storage is blocked; nothing needs it.
_DATABASE = ("_window.indexedDB", "self.indexedDB !==undefined")
# Where the locale is C, WebKit may name a language that its own formatter of dates, which Brython makes, refuses.
_LANGUAGE = re.compile(r"\$B\.language=_window\.navigator\.userLanguage \|\|_window\.navigator\.language")
_USABLE_LANGUAGE = "try{$B.language=Intl.getCanonicalLocales(_window.navigator.language)[0]}catch{$B.language='en'}"


def runtime(script: str) -> str:
    """Return what the page needs of brython.js."""
    for look in _DATABASE:
        script = script.replace(look, "undefined")
    script = faster(script)
    script = script.replace(only(_LANGUAGE, script), _USABLE_LANGUAGE)
    needed = "".join(only(part, script) for part in _NEEDED)
    for part in _UNUSED:
        script = script.replace(only(part, script), "")
    return script.replace(only(_GENERATOR, script), _HOLDER.format(needed=needed)) + HELPERS


def only(part: re.Pattern[str], script: str) -> str:
    """Return the one text that matches; another version of Brython may have none."""
    found = part.findall(script)
    if len(found) != 1:
        raise ValueError(
            f"brython.js has {len(found)} parts like {part.pattern!r}, expected one: is it another version?"
        )
    return str(found[0])
