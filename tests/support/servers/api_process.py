"""The API in a process of its own, over the S3 and with the settings that its environment names.

`ApiProcess` starts one; `python -m tests.support.servers.api_process` is what runs in it: it prints its port, then
answers.
"""

import os
import signal
import subprocess
import sys

import requests

from infra.paths import ROOT

START_WITHIN = 120  # seconds; generous, on a busy machine


class ApiProcess:
    """A running API; a test may kill it."""

    def __init__(self, endpoint: str, bucket: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.servers.api_process"],
            cwd=ROOT,
            env=os.environ
            | {"AWS_ENDPOINT_URL_S3": endpoint, "SCRAWL_BUCKET": bucket, "LOG_LEVEL": "ERROR"}
            | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        assert port.isdecimal(), f"the API did not start: {port!r}"
        self.url = f"http://127.0.0.1:{port}"
        self.session = requests.Session()

    def get(self, path: str) -> requests.Response:
        """Ask for something."""
        return self.session.get(self.url + path, timeout=START_WITHIN)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the process, in the middle of whatever it does."""
        self.session.close()
        self._process.send_signal(how)
        self._process.wait(30)


def main() -> None:
    """Serve on a free port."""
    from waitress import create_server

    from functions import wiring
    from functions.app import app
    from infra.local.gateway import ApiGateway

    wiring.service().warm_up()
    server = create_server(ApiGateway(app, ""), host="127.0.0.1", port=0, threads=16)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
