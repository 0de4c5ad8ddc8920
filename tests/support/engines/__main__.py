"""Installs Firefox and WebKit from Debian where they are missing: `python -m tests.support.engines`."""

import sys

from tests.support.browser import install_from_debian
from tests.support.engines.launch import PROGRAMS, missing

if __name__ == "__main__":
    wanted = [package for engine in PROGRAMS for package in missing(engine)]
    if wanted:
        print(f"Installing {', '.join(wanted)} for the tests in Firefox and WebKit", flush=True)
        install_from_debian(*wanted)
    if still := [package for engine in PROGRAMS for package in missing(engine)]:
        sys.exit(
            f"Not installed: {', '.join(still)}. Install them with apt-get, or let the tests skip these browsers."
        )
