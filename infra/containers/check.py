"""Checks a running Scrawl: `python infra/containers/check.py http://localhost:8000`.

It requests the page, has digits recognised, and sends several training steps at the same time. Each must be kept,
which is the case only if the store compares and swaps in one step. Then it puts the weights back. It needs
SCRAWL_WRITE_TOKEN where the API does, and only the standard library, so that it runs wherever Python does.
"""

import json
import os
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

WRITERS = 8  # at once
PATIENCE = 60  # seconds
_MODEL = "mlp-128"


class CheckError(RuntimeError):
    """Something is not as it must be; the message says what."""


def check(url: str) -> list[str]:
    """Return what was found, one line for each thing that works.

    Raises:
        CheckError: at the first thing that does not.
        OSError: when nothing answers, or the server refuses.
    """
    api = f"{url}/api"
    found = [_page(url), _prediction(api)]
    before = _history(api)[0]["version"]
    try:
        found.append(_steps(api))
    finally:
        _ask(f"{api}/weights/rollback?model={_MODEL}", {"version": before})
    return found


def _page(url: str) -> str:
    request = urllib.request.Request(f"{url}/", headers={"Accept-Encoding": "br"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        length, encoding = len(answer.read()), answer.headers["Content-Encoding"]
    if encoding != "br":
        raise CheckError(f"the page must come compressed with Brotli, came with {encoding}")
    return f"the page: {length:,} bytes, compressed"


def _prediction(api: str) -> str:
    digits = [_ask(f"{api}/data?split=test")["data"][0] for _ in range(10)]
    labels = [_ask(f"{api}/predict?model={_MODEL}", {"tensor": digit["image"]})["label"] for digit in digits]
    right = sum(label == digit["target"] for label, digit in zip(labels, digits, strict=True))
    if right < len(digits) // 2:
        raise CheckError(f"only {right} of {len(digits)} digits were recognised")
    return f"{right} of {len(digits)} digits recognised"


def _steps(api: str) -> str:
    sample = _ask(f"{api}/data")

    def step(_: int) -> str:
        return str(_ask(f"{api}/weights?model={_MODEL}", sample, "PATCH")["version"])

    with ThreadPoolExecutor(WRITERS) as pool:
        taken = set(pool.map(step, range(2 * WRITERS)))
    kept = [entry for entry in _history(api) if entry["version"] in taken]
    parents = {entry["parent"] for entry in kept}
    if len(taken) != 2 * WRITERS or len(kept) != len(taken) or len(parents) != len(taken):
        raise CheckError(
            f"{2 * WRITERS} training steps made {len(taken)} versions, of which {len(kept)} are kept, on top of "
            f"{len(parents)} others: the store loses writes"
        )
    return f"{len(taken)} training steps from {WRITERS} sides, each on top of another"


def _history(api: str) -> list[dict[str, Any]]:
    return list(_ask(f"{api}/weights/history?model={_MODEL}&limit=100")["versions"])


def _ask(url: str, body: object = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token := os.environ.get("SCRAWL_WRITE_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


if __name__ == "__main__":
    try:
        print("\n".join(check(sys.argv[1].rstrip("/"))))
    except (CheckError, OSError) as problem:
        sys.exit(f"Not as it must be: {problem}")
