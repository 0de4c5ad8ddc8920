"""A Chromium tab on a folder, for the benchmarks that run in the browser; what they run there is theirs."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
from playwright.sync_api import Page, sync_playwright

from tests.support.browser import installed_browser

CHROMIUM_FLAGS = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync")  # fmt: skip


@contextlib.contextmanager
def open_page(folder: Path, ready: str) -> Iterator[Page]:
    """Serve the folder, open its index.html in Chromium, and wait for the condition `ready` in JavaScript."""
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=installed_browser(), args=[*CHROMIUM_FLAGS])
        try:
            page = browser.new_page()
            page.on("console", lambda message: click.echo(f"console: {message.text}", err=True))
            page.on("pageerror", lambda error: click.echo(f"page: {error}", err=True))
            page.set_default_timeout(300_000)
            page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
            page.wait_for_function(f"Boolean({ready})")
            yield page
        finally:
            browser.close()
            server.shutdown()


class _QuietHandler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        """Isolate the page from other sites, as Scrawl's own servers do: then threads can share memory."""
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""
