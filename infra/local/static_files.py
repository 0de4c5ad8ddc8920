"""Serves the built page from memory, compressed with what the browser accepts.

What is under `assets/` has its content's hash in its address and never changes; browsers ask for the rest each time
and get an empty 304. `infra.page.site` builds the files, `infra.page.headers` has their headers.

WhiteNoise would replace half of this, but ignores q-values (`br;q=0` would get Brotli) and opens a file per request.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from functions.api import negotiation
from infra.page.headers import ENCODINGS, cache_control, content_type, page_headers

type _Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class _Variant:
    body: bytes
    headers: _Headers
    etag: str


class StaticFiles:
    """A WSGI application that answers GET and HEAD for the files of a folder, as they were when it was made."""

    def __init__(self, folder: Path) -> None:
        self._files: dict[str, dict[str, _Variant]] = {}
        always = list(page_headers((folder / "index.html").read_text("utf-8")).items())
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix not in ENCODINGS.values() and not path.name.startswith("."):
                self._files["/" + path.relative_to(folder).as_posix()] = _variants(
                    path, "assets" in path.parts, always
                )
        self._files["/"] = self._files["/index.html"]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        variants = self._files.get(unquote(environ["REQUEST_URI"].partition("?")[0]))
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _text(start_response, "405 Method Not Allowed", [("Allow", "GET, HEAD")])
        if variants is None:
            return _text(start_response, "404 Not Found", [])
        variant = variants[_best(environ.get("HTTP_ACCEPT_ENCODING", ""), variants)]
        if variant.etag in negotiation.named(environ.get("HTTP_IF_NONE_MATCH", "")):
            start_response("304 Not Modified", [h for h in variant.headers if not h[0].startswith("Content-")])
            return []
        start_response("200 OK", variant.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [variant.body]


def _variants(path: Path, immutable: bool, always: _Headers) -> dict[str, _Variant]:
    variants = {"identity": _variant(path, path.suffix, "identity", immutable, always)}
    for encoding, suffix in ENCODINGS.items():
        compressed = path.with_name(path.name + suffix)
        if compressed.exists():
            variants[encoding] = _variant(compressed, path.suffix, encoding, immutable, always)
    return variants


def _variant(path: Path, suffix: str, encoding: str, immutable: bool, always: _Headers) -> _Variant:
    body = path.read_bytes()
    etag = negotiation.etag(hashlib.sha256(body).hexdigest()[:20])
    headers = [
        ("Content-Type", content_type(suffix)),
        ("Content-Length", str(len(body))),
        ("Cache-Control", cache_control(immutable)),
        ("ETag", etag),
        ("Vary", "Accept-Encoding"),
        *always,
    ]
    if encoding != "identity":
        headers.append(("Content-Encoding", encoding))
    return _Variant(body, headers, etag)


def _best(accept: str, variants: dict[str, _Variant]) -> str:
    """Return the smallest variant that an Accept-Encoding header allows."""
    return next((e for e in ENCODINGS if e in variants and negotiation.quality(accept, e) > 0), "identity")


def _text(start_response: Callable[..., Any], status: str, headers: list[tuple[str, str]]) -> Iterable[bytes]:
    body = f"{status[4:]}\n".encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *headers])
    return [body]
