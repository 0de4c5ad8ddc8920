"""Builds the page: Brython, the bundle of its Python, the kernel, the models' shapes, styles, all compressed.

Each file goes to `assets/{hash of its bytes}/{name}`, which may be cached forever, with `.br` and `.gz` beside it;
only `index.html` and `service-worker.js` keep their addresses. An attribute of `index.html` that names a file
(`src="brython.js"`, `data-kernel="kernel.wasm"`) gets the file's address; that is also how scripts get addresses.
The names are those of the files in `site/`, and `brython.js`, `scrawl.js` and `scrawl-later.js` (the bundles),
`later.css` (all of `site/styles/`), the four builds of the kernel, `pictures.wasm`, `models.json`, `graphs.json`.
"""

import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import brotli

from functions.errors import InvalidValueError
from infra.files import write_atomically
from infra.output import Say
from infra.page import brython
from infra.page.bundle import bundles
from infra.page.kernel_build import compiled_kernel, compiled_picture_reader
from infra.page.model_files import graphs, models
from infra.paths import SITE

# A browser takes one of the kernel's four builds, most of them the fourth.
OTHER_KERNELS = ("kernel.wasm", "kernel-relaxed.wasm", "kernel-threads.wasm")
# What is loaded once the page is usable, or never.
LATER = (
    *("scrawl-later.js", "later.css", "graphs.json", "pictures.wasm", "helper.js", "service-worker.js"),
    *OTHER_KERNELS,
)
# It lies beside index.html, because a service worker serves what is below its address.
SERVICE_WORKER = "service-worker.js"
_OURS = b"data-kernel="  # in every page of Scrawl
_ADDRESS = re.compile(r"[0-9a-f]{12}")  # of an asset's folder
# Compressing these again gains nothing.
_COMPRESSED = {".png", ".jpg", ".webp", ".woff2"}


def build_site(out: Path, say: Say = lambda _: None) -> None:
    """Build the page into `out`; unchanged files are not compressed again."""
    _write_page(out, (SITE / "index.html").read_text("utf-8"), _assets(), _write_variants)
    files = len(list(out.rglob("*.br")))
    say(f"Page built: {files} files, {transfer_size(out):,} bytes compressed before it is usable")


def build_page_without_api(out: Path) -> None:
    """Build the page for a static host: it takes digits and weights from `files/`, and nothing is compressed."""
    page = (SITE / "index.html").read_text("utf-8")
    page = page.replace('data-api="api/"', 'data-api="files/" data-standalone="yes"')
    _write_page(out, page, _assets(("scrawl.client.static_api",)), _write)


def _write_page(
    out: Path, index: str, assets: Iterable[tuple[str, bytes]], write: Callable[[Path, bytes], None]
) -> None:
    _check_is_ours(out)
    addresses = {}
    for name, content in list(assets):  # all are made before the first is written
        folder = out / "assets" / hashlib.sha256(content).hexdigest()[:12]
        write(folder / name, content)
        addresses[name] = (folder / name).relative_to(out).as_posix()
    page = _with_addresses(index, addresses)
    write(out / "index.html", page.encode())
    write(out / SERVICE_WORKER, _service_worker(page, addresses))
    _remove_stale(out, addresses)


def transfer_size(out: Path) -> int:
    """Return how many bytes the page takes on the wire before it is usable, compressed with Brotli, weights aside."""
    return sum(path.stat().st_size for path in out.rglob("*.br") if path.stem not in LATER)


def _assets(more: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    yield "brython.js", brython.runtime()
    for name, script in zip(("scrawl.js", "scrawl-later.js"), bundles(SITE / "scrawl", more), strict=True):
        yield name, script.encode()
    yield "later.css", "\n".join(path.read_text("utf-8") for path in sorted(SITE.glob("styles/*.css"))).encode()
    for shared, suffix in ((False, ""), (True, "-threads")):
        yield f"kernel{suffix}.wasm", compiled_kernel(relaxed=False, shared=shared)
        yield f"kernel{suffix}-relaxed.wasm", compiled_kernel(relaxed=True, shared=shared)
    yield "pictures.wasm", compiled_picture_reader()
    yield "models.json", models()
    yield "graphs.json", graphs()
    for path in sorted(SITE.iterdir()):
        if path.is_file() and path.name not in ("index.html", SERVICE_WORKER) and not path.name.startswith("."):
            yield path.name, path.read_bytes()


def _service_worker(page: str, addresses: dict[str, str]) -> bytes:
    """Return the service worker with the page's version and what belongs to it."""
    built = {"version": hashlib.sha256(page.encode()).hexdigest()[:12], "assets": list(addresses.values())}
    source = (SITE / SERVICE_WORKER).read_text("utf-8")
    return f"self.BUILT = {json.dumps(built)}\n{source}".encode()


def _with_addresses(page: str, addresses: dict[str, str]) -> str:
    return re.sub(r'="([^"]+)"', lambda m: f'="{addresses.get(m[1], m[1])}"', page)


def _write_variants(path: Path, content: bytes) -> None:
    """Write a file with its compressed forms; itself last, so that it is there only when they are."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix not in _COMPRESSED:
        write_atomically(path.with_name(path.name + ".br"), brotli.compress(content))
        write_atomically(path.with_name(path.name + ".gz"), gzip.compress(content, 9, mtime=0))
    write_atomically(path, content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)


def _check_is_ours(out: Path) -> None:
    """Refuse a folder with somebody's own page, or files that would be overwritten."""
    index = out / "index.html"
    if index.is_file() and _OURS in index.read_bytes():
        return
    theirs = [name for name in ("index.html", SERVICE_WORKER, "files") if (out / name).exists()]
    if theirs:
        raise InvalidValueError(f"{out} has {' and '.join(theirs)} that are not Scrawl's: name a new folder", "out")


def _remove_stale(out: Path, addresses: dict[str, str]) -> None:
    """Remove earlier assets; what else is there is not ours."""
    kept = {Path(address).parts[1] for address in addresses.values()}
    for folder in (out / "assets").iterdir():
        if _ADDRESS.fullmatch(folder.name) and folder.name not in kept:
            shutil.rmtree(folder)
