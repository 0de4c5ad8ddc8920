"""The pointer's entries as they are stored."""

import msgspec

from functions.weights.pointer import Entry


def test_entry_is_an_array_and_older_ones_without_the_last_fields_are_read() -> None:
    stored = b'["v2","v1","patch",3,0.5,0.9,"2026-01-01T00:00:00.000Z",null,1.0,null,null,2]'
    entry = msgspec.json.decode(stored, type=Entry)
    assert msgspec.json.encode(entry) == stored
    for missing in (b",null,1.0,null,null,2]", b",1.0,null,null,2]", b",null,2]", b",2]"):
        assert msgspec.json.decode(stored.removesuffix(missing) + b"]", type=Entry).version == "v2"
    assert Entry.of(entry.metadata("m")) == entry
