"""Decompresses `.Z` files, as Unix's `compress` writes them, for which Python has no module.

The format is LZW: after three bytes (magic 1F 9D, then the largest width of a code and a flag) come codes, lowest bit
first, 9 bits wide at the start and wider as the table fills. Code 256 empties the table where the flag says so. Codes
are written in groups of eight; when the width changes, the rest of a group is padding.
"""

from functions.errors import FormatError

MAGIC = b"\x1f\x9d"
_CLEAR = 256
_FLAG = 0x80  # code 256 empties the table
_NARROWEST, _WIDEST = 9, 16


def decompress(data: bytes) -> bytes:
    """Return the bytes in a `.Z` file.

    Raises:
        FormatError: when it is not one, or its codes make no sense.
    """
    if len(data) < 3 or not data.startswith(MAGIC) or not _NARROWEST < data[2] & 0x1F <= _WIDEST:
        raise FormatError(f"not a .Z file: expected 1f 9d and a width of 10 to 16 bits, got {data[:3].hex(' ')}")
    table = _Table(widest=data[2] & 0x1F, has_clear=bool(data[2] & _FLAG))
    out: list[bytes] = []
    place = group = 24  # in bits; eight codes are a group
    while place + table.width <= 8 * len(data):
        width = table.width
        code = int.from_bytes(data[place >> 3 : (place >> 3) + 3], "little") >> (place & 7) & ((1 << width) - 1)
        place += width
        if code == _CLEAR and table.has_clear:
            table.clear()
        else:
            out.append(table.take(code))
            if table.width == width:
                continue
        place = group = group - (group - place) // (8 * width) * 8 * width  # the end of the group, rounded up
    return b"".join(out)


class _Table:
    """What each code stands for. All codes but the first add an entry: the text before it and its own first byte."""

    def __init__(self, widest: int, has_clear: bool) -> None:
        self.widest, self.has_clear = widest, has_clear
        self.clear()

    def clear(self) -> None:
        """Forget all entries but the single bytes."""
        self.entries = [bytes([value]) for value in range(256)] + ([b""] if self.has_clear else [])
        self.width, self.last = _NARROWEST, b""

    def take(self, code: int) -> bytes:
        """Return what a code stands for, and add an entry; codes get wider once the next entry would not fit."""
        if code > len(self.entries) or (code == len(self.entries) and not self.last):
            raise FormatError(f"the .Z file is damaged: code {code} comes before it has a meaning")
        text = self.entries[code] if code < len(self.entries) else self.last + self.last[:1]
        if self.last and len(self.entries) < 1 << self.widest:
            self.entries.append(self.last + text[:1])
        if len(self.entries) >= 1 << self.width and self.width < self.widest:
            self.width += 1
        self.last = text
        return text
