"""Damaged objects: an error that names them, whatever the decoder raised, and a second reading."""

import msgspec
import pytest

from functions import structs
from functions.errors import CorruptDataError, FormatError, NotFoundError
from functions.storage.damage import damage_named, read_again_if_damaged


class Named(msgspec.Struct):
    name: str


@pytest.mark.parametrize("body", [b"", b'{"name":', b"{}", b'{"name": 1}', b'{"name": "\xff"}', b"[" * 100_000])
def test_what_cannot_be_decoded_is_named(body: bytes) -> None:
    with (
        pytest.raises(CorruptDataError, match=r"^a\.json is damaged: .+; write it again$"),
        damage_named("a.json", "write it again"),
    ):
        structs.decode(body, Named)


def test_what_is_missing_is_not_damaged() -> None:
    with pytest.raises(NotFoundError), damage_named("a.json"):
        raise NotFoundError("no a.json")


@pytest.mark.parametrize(
    ("answers", "expected"), [(["whole"], "whole"), ([None, "whole"], "whole"), ([None, None], None)]
)
def test_damage_is_read_once_more(answers: list[str | None], expected: str | None) -> None:
    left = list(answers)

    def read() -> str:
        answer = left.pop(0)
        if answer is None:
            raise FormatError("cut off")
        return answer

    if expected is None:
        with pytest.raises(FormatError, match="cut off"):
            read_again_if_damaged(read, FormatError)
    else:
        assert read_again_if_damaged(read, FormatError) == expected
    assert not left
