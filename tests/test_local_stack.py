"""The local stack as a process: one port, state that survives its end, and an end that leaves nothing behind.

What the API's routes do is tested elsewhere; here they are asked through the real server.
"""

import contextlib
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import brotli
import pytest
import requests

from infra.paths import SITE_BUILD
from tests import idx_files
from tests.running_stack import RunningStack


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder with a few made-up digits."""
    return str(idx_files.write(tmp_path_factory.mktemp("idx")))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, digits: str) -> Iterator[RunningStack]:
    """Run one stack, on the real MNIST where MNIST_DIR is set, for the tests that only ask it things."""
    running = RunningStack(tmp_path_factory.mktemp("stack"), MNIST_DIR=os.environ.get("MNIST_DIR", digits))
    yield running
    running.stop()


@pytest.fixture
def own_stack(tmp_path: Path, digits: str) -> Iterator[RunningStack]:
    """Run a stack for one test, which may stop it."""
    running = RunningStack(tmp_path / "data", MNIST_DIR=digits)
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGKILL)


def teach(url: str) -> dict[str, Any]:
    """Take one training step, and return what the API says of it."""
    sample = requests.get(f"{url}/api/data", timeout=30).json()
    answer = requests.patch(f"{url}/api/weights", json=sample, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def current(url: str) -> str:
    """Return the current version of the weights."""
    return requests.get(f"{url}/api/weights", timeout=30).json()["version"]


def test_page_and_api_are_of_one_origin(stack: RunningStack) -> None:
    page = requests.get(f"{stack.url}/", timeout=30)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'id="pad"' in page.text
    api = requests.get(f"{stack.url}/api/", timeout=30).json()
    assert api["name"] == "scrawl"
    assert all(link.startswith("/api/") for link in api["links"].values())


def test_both_meanings_of_localhost_are_served(stack: RunningStack) -> None:
    port = int(stack.url.rpartition(":")[2])
    for address in ("127.0.0.1", "[::1]") if socket.has_dualstack_ipv6() else ("127.0.0.1",):
        assert requests.get(f"http://{address}:{port}/api/", timeout=30).ok


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("*", "br"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
def test_page_is_compressed_as_the_browser_likes(stack: RunningStack, accept: str, encoding: str | None) -> None:
    answer = requests.get(f"{stack.url}/", headers={"Accept-Encoding": accept}, stream=True, timeout=30)
    body = answer.raw.read()
    unpacked = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding](body)
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert unpacked == (SITE_BUILD / "index.html").read_bytes()


def test_page_is_revalidated_and_its_parts_are_kept(stack: RunningStack) -> None:
    page = requests.get(f"{stack.url}/", timeout=30)
    assert page.headers["Cache-Control"] == "no-cache"
    again = requests.get(f"{stack.url}/", headers={"If-None-Match": page.headers["ETag"]}, timeout=30)
    assert (again.status_code, again.content) == (304, b"")
    script = next((SITE_BUILD / "assets").glob("*/brython.js")).relative_to(SITE_BUILD)
    part = requests.get(f"{stack.url}/{script.as_posix()}", timeout=30)
    assert part.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert part.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_kernel_has_the_type_that_browsers_stream(stack: RunningStack) -> None:
    kernel = next((SITE_BUILD / "assets").glob("*/kernel.wasm")).relative_to(SITE_BUILD)
    assert requests.head(f"{stack.url}/{kernel.as_posix()}", timeout=30).headers["Content-Type"] == "application/wasm"


@pytest.mark.parametrize(
    "path", ["/nothing", "/assets", "/assets/../../pyproject.toml", "/index.html.br", "/%2e%2e/x"]
)
def test_only_the_page_is_served(stack: RunningStack, path: str) -> None:
    with socket.create_connection(("localhost", int(stack.url.rpartition(":")[2]))) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert raw.makefile("rb").readline().startswith(b"HTTP/1.1 404")


def test_page_cannot_be_written_to(stack: RunningStack) -> None:
    answer = requests.post(f"{stack.url}/", timeout=30)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/nothing", None, 404, "not_found"),
        ("GET", "/api/../etc/passwd", None, 404, None),
        ("GET", "/api/datablock/train/0/more", None, 404, "not_found"),
        ("PUT", "/api/weights", b"{}", 405, "method_not_allowed"),
        ("POST", "/api/predict", b"\xff\xfe\x00 not UTF-8", 400, "malformed"),
        ("POST", "/api/predict", b" " * (7 * 1024 * 1024), 413, "too_large"),
        ("POST", "/api/predict", b" " * (11 * 1024 * 1024), 413, "too_large"),
    ],
)
def test_errors_have_the_apis_shape(
    stack: RunningStack, method: str, path: str, body: bytes | None, status: int, code: str | None
) -> None:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer x"}
    answer = requests.request(method, stack.url + path, data=body, headers=headers, timeout=30)
    assert answer.status_code == status
    if code:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["error"]["code"] == code


def test_head_gives_the_headers_of_get_alone(stack: RunningStack) -> None:
    head, get = (requests.request(method, f"{stack.url}/api/weights", timeout=30) for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]


def test_preflight_allows_what_a_page_elsewhere_needs(stack: RunningStack) -> None:
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "PATCH"}
    answer = requests.options(f"{stack.url}/api/weights", headers=headers, timeout=30)
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "If-Match" in answer.headers["Access-Control-Allow-Headers"]


def test_binary_bodies_pass_unchanged(stack: RunningStack) -> None:
    headers = {"Accept": "application/octet-stream"}
    block = requests.post(f"{stack.url}/api/datablock", json={"block": 300}, headers=headers, timeout=30).content
    assert len(block) == 16 + 300 * 785
    headers = {"Content-Type": "application/octet-stream"}
    taught = requests.patch(f"{stack.url}/api/weights?learning_rate=0.001", data=block, headers=headers, timeout=30)
    assert taught.json()["samples"] == 300


def test_many_requests_at_once_get_their_own_answers(stack: RunningStack) -> None:
    def ask(number: int) -> bool:
        if number % 2:
            count = 1 + number
            return (
                len(requests.post(f"{stack.url}/api/datablock", json={"block": count}, timeout=60).json()["data"])
                == count
            )
        return (
            requests.get(f"{stack.url}/api/no-{number}", timeout=60)
            .json()["error"]["message"]
            .endswith(f"no-{number}")
        )

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(ask, range(60)))


def test_two_steps_at_once_both_count(stack: RunningStack) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: teach(stack.url), range(4)))
    parents = {version["parent"] for version in made}
    assert len(parents) == 4
    assert len({version["version"] for version in made} - parents) == 1  # only the last is nobody's parent


def test_weights_survive_a_restart(own_stack: RunningStack) -> None:
    made = teach(own_stack.url)
    assert own_stack.stop() == 0
    own_stack.start()
    assert current(own_stack.url) == made["version"]


def test_every_answered_step_survives_kill_9(own_stack: RunningStack) -> None:
    for _ in range(3):
        made = [teach(own_stack.url)["version"] for _ in range(2)]
        own_stack.stop(signal.SIGKILL)
        own_stack.start()
        assert current(own_stack.url) == made[-1]


@pytest.mark.parametrize("after", [0.1, 0.35, 0.6])
def test_kill_9_amid_writes_loses_no_answered_step(own_stack: RunningStack, after: float) -> None:
    answered = [teach(own_stack.url)["version"]]

    def keep_teaching() -> None:
        with contextlib.suppress(requests.RequestException):
            while True:
                answered.append(teach(own_stack.url)["version"])

    teacher = threading.Thread(target=keep_teaching)
    teacher.start()
    time.sleep(after)
    own_stack.stop(signal.SIGKILL)
    teacher.join()
    own_stack.start()
    weights = requests.get(f"{own_stack.url}/api/weights", timeout=30).json()
    # The step under way when the process died may have been stored without having been answered.
    assert answered[-1] in (weights["version"], weights["parent"])


def test_write_cut_short_by_kill_9_leaves_the_old_weights(own_stack: RunningStack, tmp_path: Path) -> None:
    before = current(own_stack.url)
    own_stack.stop(signal.SIGKILL)
    (tmp_path / "data" / "s3" / ".weights%2Fmlp-128%2Fcurrent.json.1-2.new").write_bytes(b'{"vers')
    own_stack.start()
    assert current(own_stack.url) == before
    assert not [path for path in (tmp_path / "data" / "s3").iterdir() if path.name.startswith(".")]


def test_second_start_stores_nothing_again(own_stack: RunningStack) -> None:
    assert "Stored: " in own_stack.output
    own_stack.stop()
    own_stack.start()
    assert "Stored: " not in own_stack.output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_end_is_clean(own_stack: RunningStack, how: signal.Signals) -> None:
    with requests.Session() as visitor:  # whose connection stays open
        visitor.get(f"{own_stack.url}/api/", timeout=30)
        children = Path(f"/proc/{own_stack.process.pid}/task/{own_stack.process.pid}/children")
        begotten = children.read_text().split() if children.exists() else []
        assert own_stack.stop(how) == 0
    assert not [pid for pid in begotten if Path(f"/proc/{pid}").exists()]
    assert own_stack.output.endswith("Stopped\n")
    assert "Traceback" not in own_stack.output
    with socket.create_server(("127.0.0.1", int(own_stack.url.rpartition(":")[2]))):
        pass  # the port is free again


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `scrawl` to its end."""
    command = [sys.executable, "-m", "infra.cli", *arguments]
    folder = Path(__file__).parents[1]
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_port_in_use_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run("serve", "--port", str(port), "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 1
    assert f"Port {port} is in use" in ended.stderr
    assert "make serve PORT=" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_folder_in_use_is_said(own_stack: RunningStack, tmp_path: Path) -> None:
    ended = run("serve", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 1
    assert f"in use by another Scrawl (process {own_stack.process.pid})" in ended.stderr


@pytest.mark.parametrize("port", ["eight", "-1", "65536", "80.5"])
def test_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    ended = run("serve", "--data-dir", str(tmp_path), PORT=port)
    assert ended.returncode == 2
    assert "--port" in ended.stderr
    assert port in ended.stderr


def test_wrong_mnist_dir_is_said(tmp_path: Path) -> None:
    ended = run("serve", "--port", "0", "--data-dir", str(tmp_path), MNIST_DIR=str(tmp_path / "nowhere"))
    assert ended.returncode == 1
    assert "nowhere, which is no folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_setting_of_the_api_that_is_wrong_is_said(tmp_path: Path, digits: str) -> None:
    ended = run("serve", "--port", "0", "--data-dir", str(tmp_path), MNIST_DIR=digits, TRAIN_ITER="many")
    assert ended.returncode == 1
    assert "TRAIN_ITER must be" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_logs_are_json(stack: RunningStack) -> None:
    version = teach(stack.url)["version"]
    deadline = time.monotonic() + 10
    while version not in stack.output and time.monotonic() < deadline:
        time.sleep(0.05)
    logged = [json.loads(line) for line in stack.lines if line.startswith("{")]
    assert any(version in map(str, entry.values()) for entry in logged)
