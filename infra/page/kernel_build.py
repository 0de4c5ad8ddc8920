"""Compiles the browser's C into WebAssembly modules: the training kernel, and what reads picture files.

Clang comes from the PyPI package `ziglang`, so that nothing has to be installed. `site/kernel` says what the
kernel computes, `site/scrawl/net/network.py` in which order; `site/kernel/pictures` is a module of its own, which the
worker loads with the first picture file. The C that carries out recorded calls, `dispatch.h`, is
written here, from the tables in `site/scrawl/net/program.py`.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.page.literals import literal
from infra.paths import BUILD, SITE

SOURCES = SITE / "kernel"
TABLES = SITE / "scrawl" / "net" / "program.py"
NAIVE = SOURCES / "naive"  # for the tests only
MOST_MEMORY = 1 << 30  # bytes that the shared build may take: a browser reserves the addresses at once
PICTURES = SOURCES / "pictures"
_FLAGS = (
    *("-target", "wasm32-freestanding", "-O3", "-std=c17", "-Wall", "-Wextra", "-Werror", "-nostdlib"),
    *("-ffp-contract=off", "-fno-builtin", "-msimd128", "-mbulk-memory"),
    *("-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--export=__heap_base"),
)

_SHARED = (
    *("-matomics", "-Wl,--shared-memory", "-Wl,--import-memory", "-Wl,--export=__stack_pointer"),
    f"-Wl,--max-memory={MOST_MEMORY}",
)

_NUMBERS = """\
/* Made by infra/page/kernel_build.py from the tables in site/scrawl/net/program.py. */
enum {{ {primitives}, PRIMITIVES, ARGUMENTS = {arguments} }};
enum {{ {registers}, REGISTERS }};
"""
_DISPATCH = """\
/* Made by infra/page/kernel_build.py from the tables in site/scrawl/net/program.py. */
static const u8 arities[PRIMITIVES] = {{ {arities} }};

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wconversion"
static void call(u32 primitive, const Word *a) {{
    switch (primitive) {{
{cases}
    default: __builtin_trap();
    }}
}}
#pragma clang diagnostic pop
"""


def compiled_kernel(relaxed: bool, shared: bool) -> bytes:
    """Return the module, compiling it when a source has changed."""
    sources = [*sorted(SOURCES.glob("*.[ch]")), TABLES, Path(__file__)]
    suffix = f"{'-threads' * shared}{'-relaxed' * relaxed}"
    return _cached(sources, suffix, lambda out: build_kernel(out, relaxed, shared=shared))


def compiled_picture_reader() -> bytes:
    """Return the module that reads picture files, compiling it when a source has changed."""
    sources = [SOURCES / "scrawl.h", *sorted(PICTURES.glob("*.[ch]")), Path(__file__)]
    return _cached(sources, "-pictures", build_picture_reader)


def _cached(sources: list[Path], suffix: str, build: Callable[[Path], None]) -> bytes:
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    out = BUILD / "kernel" / f"{digest[:12]}{suffix}.wasm"
    if not out.exists():
        unfinished = out.with_suffix(f".{os.getpid()}.wasm")
        build(unfinished)
        unfinished.replace(out)
    return out.read_bytes()


def build_kernel(out: Path, relaxed: bool = False, *, with_naive: bool = False, shared: bool = False) -> None:
    """Write the module to `out`.

    Args:
        out: the file to write; its folder is made.
        relaxed: use relaxed SIMD (fused multiply-add), which not every browser has.
        with_naive: add the naive twins that the tests compare with.
        shared: for several threads, with a shared memory that the module imports.
    """
    sources = sorted([*SOURCES.glob("*.c"), *(NAIVE.glob("*.c") if with_naive else [])])
    _compile(out, sources, (*(["-mrelaxed-simd"] if relaxed else []), *(_SHARED if shared else [])))


def build_picture_reader(out: Path) -> None:
    """Write the module that reads picture files to `out`; its folder is made."""
    _compile(out, sorted(PICTURES.glob("*.c")))


def _compile(out: Path, sources: list[Path], flags: tuple[str, ...] = ()) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as generated:
        (Path(generated) / "numbers.h").write_text(numbers_header(), "utf-8")
        (Path(generated) / "dispatch.h").write_text(dispatch_header(), "utf-8")
        command = [
            sys.executable,
            "-m",
            "ziglang",
            "cc",
            *_FLAGS,
            *flags,
            f"-I{generated}",
            f"-I{SOURCES}",
            "-o",
            str(out),
            *map(str, sources),
        ]
        result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"the kernel does not compile:\n{result.stderr}")


def numbers_header() -> str:
    """Return the C of `numbers.h`: the numbers of primitives and registers."""
    primitives: dict[str, str] = literal(TABLES, "PRIMITIVES")
    registers: dict[str, str] = literal(TABLES, "REGISTERS")
    most = literal(TABLES, "WORDS") - 2
    if too_long := [name for name, kinds in primitives.items() if len(kinds) > most]:
        raise ValueError(f"an instruction has room for {most} arguments, {too_long[0]} takes more")
    return _NUMBERS.format(
        primitives=", ".join(f"CALL_{name.upper()}" for name in primitives),
        arguments=most,
        registers=", ".join(name.upper() for name in registers),
    )


def dispatch_header() -> str:
    """Return the C of `dispatch.h`: a function that calls a primitive.

    The compiler compares each call with the primitive's declaration: how many arguments, and of which kinds.
    """
    primitives: dict[str, str] = literal(TABLES, "PRIMITIVES")
    forms = {"p": "(void *)a[{}].u", "u": "a[{}].u", "f": "a[{}].f"}
    cases = []
    for name, kinds in primitives.items():
        arguments = ", ".join(forms[kind].format(place) for place, kind in enumerate(kinds))
        cases.append(f"    case CALL_{name.upper()}: {name}({arguments}); return;")
    return _DISPATCH.format(
        arities=", ".join(str(len(kinds)) for kinds in primitives.values()),
        cases="\n".join(cases),
    )
