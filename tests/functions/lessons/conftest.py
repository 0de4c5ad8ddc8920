"""What the tests of the consumer share: a stream, and writers that do not wait before they try again."""

import pytest

from functions.weights import repository
from tests.support.lesson_streams import MemoryStream


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "_PAUSE", 0)


@pytest.fixture
def stream() -> MemoryStream:
    return MemoryStream()
