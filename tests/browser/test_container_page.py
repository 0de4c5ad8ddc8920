"""The page as its image serves it: nginx with the image's very configuration, the API's container behind it."""

import gzip
import shutil
from collections.abc import Iterator

import brotli
import pytest
import requests
from playwright.sync_api import Page

from infra.containers.check import check
from infra.dataset.sources import DigitSplits
from infra.page.headers import page_headers
from tests.support.digits import idx_files
from tests.support.lab import Lab
from tests.support.servers.running_containers import PATIENCE, Containers, containers, free_port

pytestmark = pytest.mark.skipif(
    shutil.which("nginx") is None, reason="nginx is not installed (Debian, Ubuntu: apt install nginx-light)"
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, digits: DigitSplits) -> Iterator[Containers]:
    """Run a store that has been prepared."""
    folder = tmp_path_factory.mktemp("containers")
    with containers(folder, idx_files.of(digits, folder / "digits")) as started:
        assert started.prepare()[0] == 0
        yield started


@pytest.fixture(scope="module")
def url(running: Containers) -> str:
    """Run API and nginx; return where the page is."""
    api, port = free_port(), free_port()
    running.start("api", api)
    running.serve_site(api, port)
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def lonely(running: Containers) -> str:
    """Run nginx before an API that is away."""
    port = free_port()
    running.serve_site(9, port)
    return f"http://127.0.0.1:{port}"


def test_visit(page: Page, url: str) -> None:
    lab = Lab(page, url).open().complete()
    lab.draw(3)
    lab.wait_text("prediction", "3")
    assert page.evaluate("crossOriginIsolated")
    lab.click("weights-new")
    lab.click("train")
    lab.wait_number("test-accuracy", at_least=80)
    assert lab.errors == []


def test_check_finds_all_well(url: str) -> None:
    found = check(url)
    assert found[0].startswith("the page: ")
    assert found[2] == "16 training steps from 8 sides, each on top of another"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("GZIP;q=1.0", "gzip"),
        ("identity", None),
        ("gzip;q=0", None),
        ("bro, xgzip", None),
    ],
)
def test_variant_that_is_accepted_is_sent(url: str, running: Containers, accepted: str, encoding: str | None) -> None:
    index = (running.folder / "site" / "site" / "index.html").read_bytes()
    answer = requests.get(f"{url}/", headers={"Accept-Encoding": accepted}, stream=True, timeout=PATIENCE)
    raw = answer.raw.read(decode_content=False)
    assert answer.headers.get("Content-Encoding") == encoding
    assert {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding](raw) == index
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_every_file_has_its_type_and_time(url: str, running: Containers) -> None:
    types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
    types |= {".json": "application/json", ".wasm": "application/wasm"}
    site = running.folder / "site" / "site"
    files = [path for path in (site / "assets").rglob("*") if path.suffix in types]
    assert len(files) >= 8
    for path in files:
        answer = requests.get(f"{url}/{path.relative_to(site).as_posix()}", timeout=PATIENCE)
        assert answer.content == path.read_bytes()
        assert answer.headers["Content-Type"] == types[path.suffix]
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    worker = requests.get(f"{url}/service-worker.js", timeout=PATIENCE)
    assert worker.headers["Cache-Control"] == "no-cache"


def test_page_comes_with_its_headers(url: str, running: Containers) -> None:
    answer = requests.get(f"{url}/index.html", timeout=PATIENCE)
    index = (running.folder / "site" / "site" / "index.html").read_text("utf-8")
    assert page_headers(index).items() <= dict(answer.headers).items()
    assert "nginx/" not in answer.headers["Server"]
    again = requests.get(f"{url}/", headers={"If-None-Match": answer.headers["ETag"]}, timeout=PATIENCE)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/nothing", "/index.html.br", "/headers.conf", "/../headers.conf", "/assets/"])
def test_nothing_else_is_served(url: str, path: str) -> None:
    answer = requests.get(url + path, timeout=PATIENCE)
    assert answer.status_code in (403, 404)
    assert "Content-Encoding" not in answer.headers


def test_page_takes_no_other_methods(url: str) -> None:
    assert requests.head(f"{url}/", timeout=PATIENCE).status_code == 200
    assert requests.post(f"{url}/", data=b"x", timeout=PATIENCE).status_code == 405


def test_api_answers_as_it_does_alone(url: str) -> None:
    assert requests.get(f"{url}/api", timeout=PATIENCE).json()["name"] == "scrawl"
    shard = requests.get(f"{url}/api/datablock/train/0", timeout=PATIENCE)
    assert shard.headers["Cache-Control"].endswith("immutable")
    missing = requests.get(f"{url}/api/weights?model=a%2Fb", timeout=PATIENCE)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert "Content-Security-Policy" not in missing.headers


def test_body_too_large_even_for_nginx_is_refused_in_the_apis_shape(url: str) -> None:
    answer = requests.post(f"{url}/api/predict", data=b" " * (64 * 1024**2 + 1), timeout=PATIENCE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_unavailable_api_is_answered_in_the_shape_of_the_api(lonely: str) -> None:
    answer = requests.get(f"{lonely}/api/data", timeout=PATIENCE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert requests.get(f"{lonely}/", timeout=PATIENCE).status_code == 200
