"""What the local stack answers on its one port: the page, and the API with its errors.

The tests of the API's routes are elsewhere; here requests go through the real server.
"""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.support.servers.running_stack import RunningStack, teach


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, small_seeded_folder: Path) -> Iterator[RunningStack]:
    """Run one stack, on a few made-up digits."""
    running = RunningStack(tmp_path_factory.mktemp("stack"), copy_of=small_seeded_folder)
    yield running
    running.stop()


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
    "path", ["/nothing", "/assets", "/assets/../../pyproject.toml", "/index.html.br", "/%2e%2e/x"]
)
def test_only_the_page_is_served(stack: RunningStack, path: str) -> None:
    with socket.create_connection(("localhost", int(stack.url.rpartition(":")[2]))) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert raw.makefile("rb").readline().startswith(b"HTTP/1.1 404")


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


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/predict"), ("GET", "/api/nope"), ("PUT", "/api/predict"), ("GET", "/api/v2/nope")],
)
def test_errors_can_be_read_by_pages_elsewhere(stack: RunningStack, method: str, path: str) -> None:
    answer = requests.request(method, stack.url + path, headers={"Origin": "http://elsewhere.example"}, timeout=30)
    assert answer.status_code >= 400
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_what_the_server_refuses_itself_has_the_apis_shape(stack: RunningStack) -> None:
    answer = requests.get(f"{stack.url}/api/", headers={"X-A": "a" * 300_000}, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (431, "too_large")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_absolute_target_is_the_same_as_its_path(stack: RunningStack) -> None:
    with socket.create_connection(("localhost", int(stack.url.rpartition(":")[2]))) as raw:
        raw.sendall(b"GET http://localhost/api/v2?a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert raw.makefile("rb").readline().startswith(b"HTTP/1.1 200")


def test_page_opens_beside_many_idle_connections(stack: RunningStack) -> None:
    port = int(stack.url.rpartition(":")[2])
    with ExitStack() as idle:
        for _ in range(150):
            idle.enter_context(socket.create_connection(("localhost", port)))
        assert requests.get(f"{stack.url}/", timeout=30).ok


def test_head_gives_the_headers_of_get_alone(stack: RunningStack) -> None:
    head, get = (requests.request(method, f"{stack.url}/api/weights", timeout=30) for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


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
            answer = requests.post(f"{stack.url}/api/datablock", json={"block": count}, timeout=60)
            return len(answer.json()["data"]) == count
        answer = requests.get(f"{stack.url}/api/no-{number}", timeout=60)
        return str(answer.json()["error"]["message"]).endswith(f"no-{number}")

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(ask, range(60)))


def test_two_steps_at_once_both_count(stack: RunningStack) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: teach(stack.url), range(4)))
    parents = {version["parent"] for version in made}
    assert len(parents) == 4
    assert len({version["version"] for version in made} - parents) == 1  # only the last is nobody's parent


def test_what_happens_to_weights_is_logged_in_lines_that_people_read(stack: RunningStack) -> None:
    version = teach(stack.url)["version"]
    line = stack.lines.wait_for(lambda line: "weights published" in line and version in line)
    assert "source=patch" in line
    assert "accuracy=0." in line
