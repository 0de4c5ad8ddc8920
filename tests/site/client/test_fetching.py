"""Requests: which failures are worth another try, and how long the page waits before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from scrawl.client import fetching
from scrawl.client.fetching import LONGEST_WAIT, ApiUnavailableError, Backoff, RefusedError

from tests.support.fake_browser import run, window


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    window.reset()
    window.AbortController = SimpleNamespace(
        new=lambda: SimpleNamespace(signal=SimpleNamespace(aborted=False), abort=lambda: None)
    )
    yield
    window.reset()


def answer(status: int, content: Any = None, text: str | None = None) -> Any:
    """Return the browser's response to a request."""

    async def body() -> str:
        return json.dumps(content) if text is None else text

    headers = SimpleNamespace(get={"Location": "/elsewhere"}.get)
    return SimpleNamespace(ok=status < 400, status=status, statusText="Nothing", headers=headers, text=body)


def fetched(response: Any) -> Any:
    """Return what `fetch` makes of a response, or of an exception in its place."""

    async def fetch(_url: str, _options: dict[str, Any]) -> Any:
        if isinstance(response, Exception):
            raise response
        return response

    window.fetch = fetch
    return run(fetching.fetch("https://example.org/", {}, 5))


def test_good_response_is_returned_and_its_time_limit_is_over() -> None:
    good = answer(200, {})
    assert fetched(good) is good
    assert [round(time) for time, *_rest in window.timers.values()] == [60_000]  # for the body


@pytest.mark.parametrize("status", [429, 500, 503])
def test_server_that_cannot_answer_is_unavailable(status: int) -> None:
    with pytest.raises(ApiUnavailableError, match=f"answered {status}: busy"):
        fetched(answer(status, {"error": {"code": "overloaded", "message": "busy"}}))


def test_nobody_answers() -> None:
    with pytest.raises(ApiUnavailableError, match=r"away \(no answer\)"):
        fetched(OSError("no route"))
    assert not window.timers


def test_server_that_declines_is_quoted() -> None:
    with pytest.raises(RefusedError, match="no such model") as raised:
        fetched(answer(404, {"error": {"code": "not_found", "message": "no such model"}}))
    assert (raised.value.status, raised.value.location) == (404, "/elsewhere")


def test_damaged_data_will_not_get_better_by_waiting() -> None:
    with pytest.raises(RefusedError, match="cannot be read"):
        fetched(answer(500, {"error": {"code": "corrupt_data", "message": "cannot be read"}}))


def test_refusal_without_an_explanation_has_that_of_http() -> None:
    with pytest.raises(RefusedError, match="Nothing"):
        fetched(answer(403, text="<html>"))


def test_answer_that_is_not_json_comes_from_somebody_else() -> None:
    with pytest.raises(ApiUnavailableError, match="not JSON"):
        run(fetching.json(answer(200, text="<!doctype html>")))


@pytest.mark.parametrize(
    ("content", "lacks"),
    [([], "accuracy"), (None, "accuracy"), ({"accuracy": 1}, "version"), ("accuracy", "accuracy")],
)
def test_answer_of_another_shape_is_one_to_ask_for_again(content: Any, lacks: str) -> None:
    with pytest.raises(ApiUnavailableError, match=f"has no {lacks}"):
        run(fetching.json(answer(200, content), "accuracy", "version"))


def test_answer_that_is_no_object_has_no_fields() -> None:
    with pytest.raises(ApiUnavailableError, match="has no fields"):
        run(fetching.json(answer(200, [])))


def test_waits_double_up_to_a_limit_and_start_again() -> None:
    backoff = Backoff()
    assert [backoff.failed() for _ in range(7)] == [1, 2, 4, 8, 16, LONGEST_WAIT, LONGEST_WAIT]
    backoff.succeeded()
    assert backoff.failed() == 1
