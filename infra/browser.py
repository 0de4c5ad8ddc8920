"""Finds the browser for the browser tests, and gets one where there is none: `python -m infra.browser`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome")
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
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet, stdin=subprocess.DEVNULL)
        install = ["apt-get", "install", "-qq", "--no-install-recommends", "chromium"]
        log = subprocess.run(install, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if log.returncode == 0 and installed_browser():
            return
        print(f"{log.stdout[-2000:]}{log.stderr}\nDebian's chromium could not be installed; trying Playwright's")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


if __name__ == "__main__":
    try:
        ensure_browser()
    except subprocess.CalledProcessError as error:
        sys.exit(f"No browser could be installed ({error}). Install Chromium or Chrome, then run this again.")
