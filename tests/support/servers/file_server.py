"""Plain file servers: `python -m http.server`, and one that has the browser unpack `.gz` files."""

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


class _Unpacking(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        """Have the browser unpack what ends with `.gz`, as some hosts do."""
        if self.path.partition("?")[0].endswith(".gz"):
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@contextlib.contextmanager
def unpacking_server(folder: Path) -> Iterator[str]:
    """Serve a folder from a thread; return its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Unpacking, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()
