"""Compiles the browser's training kernel: the C files of `site/kernel` become one WebAssembly module.

Clang comes from the PyPI package `ziglang`, so that nothing has to be installed. `site/kernel` says what the
kernel computes, `site/scrawl/net/network.py` in which order.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from infra.paths import BUILD, SITE

SOURCES = SITE / "kernel"
TEST_ONLY = "naive*.c"
_FLAGS = (
    *("-target", "wasm32-freestanding", "-O3", "-std=c17", "-Wall", "-Wextra", "-Werror", "-nostdlib"),
    *("-ffp-contract=off", "-fno-builtin", "-msimd128", "-mbulk-memory"),
    *("-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--export=__heap_base"),
)


def compiled_kernel(relaxed: bool) -> bytes:
    """Return the module, compiling it when a source has changed."""
    sources = [*sorted(SOURCES.glob("*.[ch]")), Path(__file__)]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    out = BUILD / "kernel" / f"{digest[:12]}{'-relaxed' if relaxed else ''}.wasm"
    if not out.exists():
        unfinished = out.with_suffix(f".{os.getpid()}.wasm")
        build_kernel(unfinished, relaxed)
        unfinished.replace(out)
    return out.read_bytes()


def build_kernel(out: Path, relaxed: bool = False, *, with_naive: bool = False) -> None:
    """Write the module to `out`.

    Args:
        out: the file to write; its folder is made.
        relaxed: use relaxed SIMD (fused multiply-add), which not every browser has.
        with_naive: add the naive twins that the tests compare with.
    """
    sources = sorted(path for path in SOURCES.glob("*.c") if with_naive or not path.match(TEST_ONLY))
    flags = (*_FLAGS, "-mrelaxed-simd") if relaxed else _FLAGS
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ziglang", "cc", *flags, "-o", str(out), *map(str, sources)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"the kernel does not compile:\n{result.stderr}")
