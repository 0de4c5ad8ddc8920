"""The messages between page and worker, and their fields."""

import pytest
from scrawl import protocol


def test_message_carries_exactly_its_fields() -> None:
    message = protocol.message(protocol.REQUESTS, "randomise", seed=1)
    assert protocol.fields(protocol.REQUESTS, message) == ("randomise", {"seed": 1})
    with pytest.raises(ValueError, match="carries"):
        protocol.message(protocol.REQUESTS, "randomise", sead=1)
    with pytest.raises(ValueError, match="got 'dance'"):
        protocol.message(protocol.REQUESTS, "dance")
