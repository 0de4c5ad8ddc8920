"""What surrounds every route; what it does to answers is tested with `test_negotiation`."""

from collections.abc import Iterator

import pytest
from chalice.test import Client

from functions import wiring
from functions.app import app


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the API without the settings that its service is made from."""
    monkeypatch.delenv("SCRAWL_BUCKET", raising=False)
    wiring.use(None)
    yield
    wiring.use(None)


@pytest.mark.usefixtures("unset")
@pytest.mark.parametrize("path", ["/", "/weights", "/v2/models/mlp-128"])
def test_service_that_cannot_be_made_is_answered_in_the_shape_of_all_errors(path: str) -> None:
    answer = Client(app).http.get(path)
    assert answer.status_code == 500
    message = "something went wrong here; it has been logged"
    expected = message if path.startswith("/v2") else {"code": "internal", "message": message}
    assert answer.json_body == {"error": expected}
