"""The ids of versions, and what is known of a version as strings in its file."""

from datetime import UTC, datetime

import pytest

from functions.weights.versions import Metadata, from_strings, new_id, to_strings

KNOWN = Metadata(
    model="m",
    version="20260101T235959999-ffffffff",
    parent=None,
    source="patch",
    samples=3,
    loss=0.1 + 0.2,
    accuracy=1 / 3,
    created_at="2026-01-01T23:59:59.999Z",
    restores=None,
)


def test_child_has_the_greater_id_even_when_its_clock_is_behind() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    ahead = "20260101T235959999-ffffffff"
    assert new_id(moment) < ahead < new_id(moment, ahead)
    assert new_id(moment, ahead).startswith("20260102T000000000-")


def test_what_is_known_is_written_as_strings_and_read_again() -> None:
    strings = to_strings(KNOWN)
    names = ["model", "version", "source", "samples", "loss", "accuracy", "created_at", "temperature", "lessons"]
    assert list(strings) == names
    assert from_strings(strings) == KNOWN


@pytest.mark.parametrize("missing", ["model", "version", "source", "samples", "loss", "accuracy", "created_at"])
def test_metadata_with_something_missing_is_refused(missing: str) -> None:
    strings = {name: text for name, text in to_strings(KNOWN).items() if name != missing}
    with pytest.raises(ValueError, match=missing):
        from_strings(strings)


@pytest.mark.parametrize(("name", "text"), [("samples", "many"), ("samples", "1.5"), ("loss", "low")])
def test_metadata_that_is_no_number_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=name):
        from_strings(to_strings(KNOWN) | {name: text})
