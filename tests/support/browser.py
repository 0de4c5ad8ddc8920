"""Finds the browser for the browser tests, and gets one where there is none: `python -m tests.support.browser`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# The shell first: the same engine without the windows' own interface, which costs each page a second renderer.
_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "google-chrome",
    "google-chrome-stable",
    "chromium-browser",
    "chrome",
)
_UNATTENDED = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def installed_browser() -> str | None:
    """Return the path of an installed Chromium or Chrome."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    return found or (str(_MAC) if _MAC.exists() else None)


def ensure_browser() -> None:
    """Install a browser unless there is one: Debian's when root, else Playwright's own."""
    if installed_browser():
        return
    print("No Chromium or Chrome is installed: getting one for the browser tests", flush=True)
    if shutil.which("apt-get") and os.geteuid() == 0:
        done = _apt_get("update")
        for package in ("chromium-headless-shell", "chromium"):
            done = _apt_get("install", "--no-install-recommends", "--yes", package)
            if installed_browser():
                return
        print(f"Debian's chromium could not be installed:\n{done.stdout[-2000:]}{done.stderr}Trying Playwright's")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def _apt_get(*step: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", "-qq", *step], env=_UNATTENDED, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


if __name__ == "__main__":
    try:
        ensure_browser()
    except subprocess.CalledProcessError as error:
        sys.exit(f"No browser could be installed ({error}). Install Chromium or Chrome, then run this again.")
