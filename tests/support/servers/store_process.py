"""An S3 in a process of its own: it keeps its objects in a folder and prints its address.

In the tests' own process moto would share its buckets with every other test. `StoreProcess` starts one; what runs in
it is `python -m tests.support.servers.store_process FOLDER [BUCKET [PORT]]`.
"""

import signal
import subprocess
import sys
import threading
from pathlib import Path

from infra.local.s3_server import LocalS3
from infra.paths import ROOT


class StoreProcess:
    """A running S3; a test may stop it, end it and start it again at the same address."""

    def __init__(self, folder: Path, bucket: str) -> None:
        self._folder, self._bucket, self._port = folder, bucket, "0"
        self.start()

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.servers.store_process",
                str(self._folder),
                self._bucket,
                self._port,
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().strip()
        self._port = self.endpoint.rpartition(":")[2]
        assert self._port.isdecimal(), f"the store did not start: {self.endpoint!r}"

    def hang(self) -> None:
        """Let it take connections and never answer."""
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait(30)


def main(folder: str, bucket: str = "another", port: str = "0") -> None:
    """Serve until killed."""
    print(LocalS3(Path(folder), bucket, int(port)).endpoint, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
