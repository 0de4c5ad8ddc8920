"""The headers that the page's files are served with, wherever that is: types, caching, and what the page may do.

The page's Content-Security-Policy names the scripts inside index.html by their hashes.
"""

import base64
import hashlib
import mimetypes
import re

ENCODINGS = {"br": ".br", "gzip": ".gz"}  # and the ends of the compressed files' names; the best first
_TYPES = {".js": "text/javascript; charset=utf-8", ".wasm": "application/wasm", ".html": "text/html; charset=utf-8"}
_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)

# One origin serves everything, so everything else can be refused; that isolates the page from other sites, which
# gives it precise clocks and shared memory.
_ALWAYS = {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def content_type(suffix: str) -> str:
    """Return the type of a file by the end of its name."""
    return _TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")


def cache_control(immutable: bool) -> str:
    """Return how long a file may be cached: for a year if its address changes with its content, else not at all."""
    return "public, max-age=31536000, immutable" if immutable else "no-cache"


def page_headers(index: str) -> dict[str, str]:
    """Return the headers for every file of the page, of which `index` is the HTML."""
    return {"Content-Security-Policy": content_security_policy(index)} | _ALWAYS


def content_security_policy(index: str) -> str:
    """Return what the page may do: talk to its own origin, run its own scripts, show what it has drawn itself."""
    hashes = [f"'sha256-{_digest(script)}'" for script in _SCRIPT.findall(index)]
    policy = {
        "default-src": ["'none'"],
        # Brython turns Python into JavaScript and evaluates it; the kernel is WebAssembly.
        "script-src": ["'self'", "'wasm-unsafe-eval'", "'unsafe-eval'", *hashes],
        "style-src": ["'self'", "'unsafe-inline'"],  # the pens' dots and the bars have widths of their own
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
