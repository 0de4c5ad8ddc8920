"""Plain file servers: `python -m http.server`, one that has browsers unpack `.gz` files, one that isolates pages."""

import contextlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextlib.contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Serve a folder in a process of its own; return its address, without a slash at the end."""
    command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), "0"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        found = re.search(r"port (\d+)", process.stdout.readline())
        assert found
        yield f"http://localhost:{found[1]}"
    finally:
        process.terminate()
        process.wait(20)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


class _Unpacking(_Quiet):
    def end_headers(self) -> None:
        """Have the browser unpack what ends with `.gz`, as some hosts do."""
        if self.path.partition("?")[0].endswith(".gz"):
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()


class _Isolating(_Quiet):
    def end_headers(self) -> None:
        """Send the two headers that docs/static-host.md names."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()


def unpacking_server(folder: Path) -> contextlib.AbstractContextManager[str]:
    """Serve a folder, `.gz` files as compressed content; return its address."""
    return _served(folder, _Unpacking)


def isolating_server(folder: Path) -> contextlib.AbstractContextManager[str]:
    """Serve a folder with the headers that isolate a page; return its address."""
    return _served(folder, _Isolating)


@contextlib.contextmanager
def _served(folder: Path, handler: type[SimpleHTTPRequestHandler]) -> Iterator[str]:
    """Serve a folder from a thread."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()
