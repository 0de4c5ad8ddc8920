"""Starts Firefox and WebKit, each with an empty profile; `python -m tests.support.engines` installs them."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.engines.connections import Connection, Marionette, WebKitDriver
from tests.support.engines.driver import Driver

# Debian's packages of an engine, each with the names that its program may have.
PROGRAMS: dict[str, dict[str, tuple[str, ...]]] = {
    "firefox": {"firefox-esr": ("firefox-esr", "firefox")},
    "webkit": {"webkit2gtk-driver": ("WebKitWebDriver",), "xvfb": ("Xvfb",)},
}
# Nothing of the browser's own that talks to its maker, or asks the visitor something.
_FIREFOX_SETTINGS = """
user_pref("marionette.port", 0);
user_pref("remote.prefs.recommended", true);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
"""


# On some virtual machines a floating-point operation of Firefox takes 200 times as long once a search in a string has
# used registers of 256 bits or more: it trained on 250 digits a second in place of 60,000. So glibc uses none.
_NARROW = "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL"


def missing(engine: str) -> list[str]:
    """Return the Debian packages that an engine lacks."""
    return [package for package, names in PROGRAMS[engine].items() if not any(map(shutil.which, names))]


@contextlib.contextmanager
def browser(engine: str) -> Iterator[Driver]:
    """Start an engine with an empty profile, under the locale C, and end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, contextlib.ExitStack() as stack:
        environment = {**os.environ, "HOME": home, "LC_ALL": "C", "LANG": "C", "GLIBC_TUNABLES": _NARROW}
        environment = {name: value for name, value in environment.items() if not name.startswith("XDG_")}
        start = {"firefox": _start_firefox, "webkit": _start_webkit}[engine]
        yield Driver(start(stack, Path(home), environment))


def _start_firefox(stack: contextlib.ExitStack, home: Path, environment: dict[str, str]) -> Connection:
    profile = home / "profile"
    profile.mkdir()
    (profile / "user.js").write_text(_FIREFOX_SETTINGS)
    name = shutil.which("firefox-esr") or shutil.which("firefox") or "firefox"
    command = [name, "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
    process = stack.enter_context(_running(command, environment, stdout=subprocess.PIPE))
    return Marionette(int(_announced(process.stdout, rb"Listening on port (\d+)")))


def _start_webkit(stack: contextlib.ExitStack, home: Path, environment: dict[str, str]) -> Connection:
    screen = ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1100x24", "-nolisten", "tcp"]
    display = stack.enter_context(_running(screen, environment, stdout=subprocess.PIPE))
    number = _announced(display.stdout, rb"^(\d+)\n")
    environment = {**environment, "DISPLAY": f":{number}", "XDG_RUNTIME_DIR": str(home)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stack.enter_context(_running(["WebKitWebDriver", f"--port={port}"], environment))
    return WebKitDriver(port)


def _announced(stream: Any, pattern: bytes) -> str:
    """Return what a program says about itself when it has started."""
    for line in stream:
        if found := re.search(pattern, line):
            return str(found[1], "ascii")
    raise RuntimeError(f"the program ended without saying {pattern!r}")


@contextlib.contextmanager
def _running(
    command: list[str], environment: dict[str, str], stdout: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with all that it starts, and end them together."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(20)
