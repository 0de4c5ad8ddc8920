"""`.Z` files, as Unix's `compress` wrote them, are decompressed; damaged ones are refused."""

import random

import pytest

from functions.errors import FormatError
from infra.dataset import lzw

# Written by ncompress 4.2.4.6.
BY_COMPRESS = bytes.fromhex("1f9d9074de80105306c41b3920dcbca10322e0c0322c1aa209c330cd9c8602091a44a8908e02")


def compress(data: bytes, widest: int, clear_at: int = 0) -> bytes:
    """Return a `.Z` file; before the byte `clear_at` the table is emptied."""
    bits: list[tuple[int, int]] = []  # (code, width)
    table, width, last, group = _bytes(), 9, b"", 0

    def write(code: int) -> None:
        nonlocal group
        bits.append((code, width))
        group += 1

    def pad() -> None:
        nonlocal group
        bits.extend([(0, width)] * (-group % 8))
        group = 0

    for place in range(len(data)):
        text = last + data[place : place + 1]
        if text in table:
            last = text
            continue
        write(table[last])
        if len(table) < 1 << widest:
            table[text] = len(table)
        if len(table) > 1 << width and width < widest:
            pad()
            width += 1
        last = data[place : place + 1]
        if place == clear_at > 0:
            write(256)
            pad()
            table, width = _bytes(), 9
    write(table[last])
    number = sum(code << at for (code, _), at in zip(bits, _starts(bits), strict=True))
    size = sum(width for _, width in bits)
    return lzw.MAGIC + bytes([0x80 | widest]) + number.to_bytes(-(-size // 8), "little")


def _bytes() -> dict[bytes, int]:
    return {bytes([value]): value for value in range(256)} | {b"a placeholder for code 256": 256}


def _starts(bits: list[tuple[int, int]]) -> list[int]:
    starts = [0]
    for _, width in bits:
        starts.append(starts[-1] + width)
    return starts[:-1]


def test_file_written_by_compress_is_read() -> None:
    assert lzw.decompress(BY_COMPRESS) == b"to be or not to be, that is to be or not\n"


@pytest.mark.parametrize(("widest", "clear_at"), [(10, 0), (12, 0), (16, 0), (12, 1500), (16, 700)])
def test_wider_codes_full_tables_and_emptied_tables(widest: int, clear_at: int) -> None:
    noise = random.Random(1).randbytes(1200)
    data = noise + b"7 12 224\n" * 200 + bytes(300)
    assert lzw.decompress(compress(data, widest, clear_at)) == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected 1f 9d and a width of 10 to 16 bits, got "),
        (b"\x1f\x8b\x08", "not a .Z file"),
        (b"\x1f\x9d\x91abc", "got 1f 9d 91"),
        (lzw.MAGIC + b"\x90\xff\xff\xff", "damaged: code 511 comes before it has a meaning"),
    ],
)
def test_other_bytes_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        lzw.decompress(data)
