"""The load test counts what it gets: answers, errors by kind, and connections that break."""

import http.server
import os
import threading
from collections.abc import Iterator

import pytest

from bench.load import MIX, PERIODS, Load, report, resident_mb


class _Moody(http.server.BaseHTTPRequestHandler):
    """Predicts, hangs up on PATCH, and is away for all the rest."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "PATCH":
            self.close_connection = True
            return
        self.send_response(200 if self.path == "/api/predict" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 — http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Moody)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_errors_are_counted_by_kind(url: str) -> None:
    seen = Load(url, 1).run(2, os.getpid())
    counts = {kind: len(times) for kind, times in seen.milliseconds.items()}
    assert sum(counts.values()) == sum(seen.answered) > 0
    expected = {f"{kind}: 503": count for kind, count in counts.items() if "predict" not in kind}
    broken = expected.pop("PATCH /weights: 503", 0)
    assert {error: n for error, n in seen.errors.items() if "PATCH" not in error} == expected
    assert sum(n for error, n in seen.errors.items() if "PATCH" in error) == broken
    assert len(seen.memory_mb) == PERIODS
    assert f"PATCH /weights | {broken} |" in report(seen, 1)


def test_shares_add_up_to_a_hundred() -> None:
    assert sum(share for share, _ in MIX.values()) == 100


def test_memory_of_a_process_that_is_gone_is_no_number() -> None:
    gone = resident_mb(2**22 + 1)
    assert gone != gone
