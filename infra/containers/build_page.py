"""Builds the page for nginx: its files, and beside them the headers to serve it with, in nginx's syntax."""

import sys
from pathlib import Path

from infra.page.headers import page_headers
from infra.page.site import build_site


def build(out: Path) -> None:
    """Write `site/` and `headers.conf` into a folder."""
    build_site(out / "site", print)
    headers = page_headers((out / "site" / "index.html").read_text("utf-8"))
    lines = [f'add_header {name} "{value}" always;\n' for name, value in headers.items()]
    (out / "headers.conf").write_text("".join(lines))


if __name__ == "__main__":
    build(Path(sys.argv[1]))
