"""The built page as it is served: compressed as the browser likes, cacheable, read-only."""

import gzip
from pathlib import Path

import brotli
import pytest
from werkzeug.test import Client

from infra.local.static_files import StaticFiles


@pytest.fixture(scope="module")
def page(built: Path) -> Client:
    """Return a client of the page."""
    return Client(StaticFiles(built))


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("*", "br"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
def test_page_is_compressed_as_the_browser_likes(
    page: Client, built: Path, accept: str, encoding: str | None
) -> None:
    answer = page.get("/", headers={"Accept-Encoding": accept})
    body = answer.data
    unpacked = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding](body)
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert unpacked == (built / "index.html").read_bytes()


def test_page_is_revalidated_and_its_parts_are_kept(page: Client, built: Path) -> None:
    index = page.get("/")
    assert index.headers["Cache-Control"] == "no-cache"
    again = page.get("/", headers={"If-None-Match": index.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    script = next((built / "assets").glob("*/brython.js")).relative_to(built)
    part = page.get(f"/{script.as_posix()}")
    assert part.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert part.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_kernel_has_the_type_that_browsers_stream(page: Client, built: Path) -> None:
    kernel = next((built / "assets").glob("*/kernel.wasm")).relative_to(built)
    assert page.head(f"/{kernel.as_posix()}").headers["Content-Type"] == "application/wasm"


def test_page_cannot_be_written_to(page: Client) -> None:
    answer = page.post("/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
