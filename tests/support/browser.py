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
    for package in ("chromium-headless-shell", "chromium"):
        problem = install_from_debian(package)
        if installed_browser():
            return
    print(f"Debian's chromium could not be installed:\n{problem}Trying Playwright's")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def install_from_debian(*packages: str) -> str:
    """Install packages where that is possible; return what apt-get says otherwise."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return "Only root can, where there is an apt-get.\n"
    done = _apt_get("install", "--no-install-recommends", "--yes", *packages)
    if done.returncode:
        _apt_get("update")
        done = _apt_get("install", "--no-install-recommends", "--yes", *packages)
    return done.stdout[-2000:] + done.stderr if done.returncode else ""


def _apt_get(*step: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", "-qq", *step], env=_UNATTENDED, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


if __name__ == "__main__":
    try:
        ensure_browser()
    except subprocess.CalledProcessError as error:
        sys.exit(f"No browser could be installed ({error}). Install Chromium or Chrome, then run this again.")
