"""Reading JSON: every refusal says what was expected and what came."""

import pytest

from functions.api.request_types import ResetBody, RoomBody
from functions.api.requests import read_json
from functions.errors import FormatError, InvalidValueError


def test_empty_body_is_called_empty() -> None:
    with pytest.raises(FormatError, match="expected JSON, got an empty body"):
        read_json(b"", RoomBody)


@pytest.mark.parametrize(("kind", "first"), [(RoomBody, "shared"), (ResetBody, "first")])
def test_choice_that_there_is_not_is_answered_with_those_there_are(kind: type, first: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^start is {first} or new, got 'old'$") as raised:
        read_json(b'{"start": "old"}', kind)
    assert raised.value.field == "start"
