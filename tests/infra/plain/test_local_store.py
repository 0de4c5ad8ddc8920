"""`chalice local` serves the API with a store of its own, and says in a line why it cannot start one."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from infra.paths import ROOT

START = "from chalice.cli import main; import sys; sys.exit(main())"


@contextmanager
def chalice_local(data: Path) -> Iterator[tuple[str, str]]:
    """Run `chalice local`; once it says that it serves, or why not, yield its address and what it has said."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name not in ("MNIST_DIR", "SCRAWL_BUCKET")}
    process = subprocess.Popen(
        [sys.executable, "-c", START, "local", "--no-autoreload", "--port", str(port)],
        cwd=ROOT,
        env=environment | {"SCRAWL_DATA_DIR": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Serving on" in line:
                break
        yield f"http://127.0.0.1:{port}", said
    finally:
        process.kill()
        process.wait()


def test_the_api_answers_from_a_store_that_no_other_process_may_use(
    small_seeded_folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(small_seeded_folder, data)
    with chalice_local(data) as (url, said):
        assert f"The digits and the weights are in {data}" in said
        described = requests.get(url, timeout=30).json()
        assert described["dataset"]["splits"]["train"]["count"] > 1000
        sample = requests.get(f"{url}/data", timeout=30).json()
        learned = requests.patch(f"{url}/weights", json=sample, timeout=30)
        assert learned.status_code == 200
        with chalice_local(data) as (_, refused):
            assert "Error: " in refused and "is in use by another Scrawl" in refused
            assert "Traceback" not in refused
    with chalice_local(data) as (url, _):
        history = requests.get(f"{url}/weights/history", timeout=30).json()
        assert history["versions"][0]["version"] == learned.json()["version"]
