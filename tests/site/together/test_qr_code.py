"""QR codes of addresses, read by an independent decoder: each version and mask, dirt on it, and too long a text."""

import numpy as np
import pytest
import zxingcpp
from scrawl.together import qr_code

ADDRESS = "http://192.168.178.123:8000/#room=BCDF-GHJK-MNPQ"
QUIET, SCALE = 4, 6


def read(rows: list[str], hidden: int = 0) -> str:
    """Return what a decoder makes of a code, of whose lower left a square is hidden."""
    picture = np.array([[255 * (bit == "0") for bit in row] for row in rows], np.uint8)
    picture[len(rows) // 2 : len(rows) // 2 + hidden, 10 : 10 + hidden] = 255
    picture = np.pad(picture, QUIET, constant_values=255)
    found = zxingcpp.read_barcodes(np.kron(picture, np.ones((SCALE, SCALE), np.uint8)))
    return found[0].text if found else ""


@pytest.mark.parametrize("length", [1, 14, 15, 26, 27, 42, 43, 62, 63, 84, 85, qr_code.MOST_BYTES])
def test_code_of_each_size_is_read(length: int) -> None:
    text = (ADDRESS * 3)[:length]
    rows = qr_code.modules(text)
    assert read(rows) == text
    assert {len(row) for row in rows} == {len(rows)}


@pytest.mark.parametrize("mask", range(8))
def test_code_is_read_with_each_mask(mask: int, monkeypatch: pytest.MonkeyPatch) -> None:
    masks = iter(range(8))
    monkeypatch.setattr(qr_code, "_penalty", lambda _rows: next(masks) != mask)
    assert read(qr_code.modules(ADDRESS)) == ADDRESS


def test_code_is_read_when_a_part_is_hidden() -> None:
    assert read(qr_code.modules(ADDRESS), hidden=4) == ADDRESS


def test_other_scripts_are_read() -> None:
    assert read(qr_code.modules("https://schüler.example/#room=Ä")) == "https://schüler.example/#room=Ä"


def test_too_long_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="room for 106 bytes here, got 107"):
        qr_code.modules("a" * 107)
