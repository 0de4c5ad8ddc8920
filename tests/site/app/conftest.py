"""A page whose worker the test plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scrawl.app.page import Page

from tests.support.fake_browser import window


class Link:
    """The line to a worker: notes what is sent, and delivers what the test reports."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.restarts = 0
        self.heard_at = 0.0

    def send(self, kind: str, **fields: Any) -> None:
        self.sent.append((kind, fields))

    def listen(self, listener: Callable[..., object]) -> None:
        self.report = listener

    def restart(self) -> None:
        self.restarts += 1
        self.heard_at = 0.0

    def kinds(self) -> list[str]:
        """Return the kinds of what was sent."""
        return [kind for kind, _fields in self.sent]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    window.reset()
    yield
    window.reset()


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
def starting_page(link: Link) -> Page:
    return Page(link)  # type: ignore[arg-type] # all of a WorkerLink that a page uses


@pytest.fixture
def page(starting_page: Page) -> Page:
    starting_page.complete()
    return starting_page
