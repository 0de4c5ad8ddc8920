"""QR codes for addresses (ISO/IEC 18004): bytes, level M, versions 1 to 6, which hold up to 106 bytes. Pure.

Level M is read with 15 % of it hidden, by a head in front of the projector, say. Of the eight masks the one with the
fewest long runs and false finders is taken; the standard's other two rules change little and cost time.
"""

from __future__ import annotations

# Of each version from 1: codewords of data in a block, of error correction in a block, blocks.
VERSIONS = ((16, 10, 1), (28, 16, 1), (44, 26, 1), (32, 18, 2), (43, 24, 2), (27, 16, 4))
MOST_BYTES = 106
_BYTES = 4  # the mode
_PADDING = (0xEC, 0x11)
_FIELD, _FORMAT, _FORMAT_MASK = 0x11D, 0x537, 0x5412  # polynomials, and what the format is masked with
_FALSE_FINDERS = ("10111010000", "00001011101")


def modules(text: str) -> list[str]:
    """Return the rows of a text's QR code, "1" for dark and "0" for light, without the quiet zone.

    Raises:
        ValueError: when the text is too long.
    """
    data = text.encode("utf-8")
    version = next((n for n, (size, _, blocks) in enumerate(VERSIONS, 1) if len(data) + 2 <= size * blocks), 0)
    if not version:
        raise ValueError(f"a QR code has room for {MOST_BYTES} bytes here, got {len(data)}")
    bits = "".join([f"{word:08b}" for word in _codewords(data, *VERSIONS[version - 1])])
    drawings = [_drawn(version, bits, mask) for mask in range(8)]
    return min(drawings, key=_penalty)


def _codewords(data: bytes, size: int, correction: int, blocks: int) -> list[int]:
    """Return data and error correction, interleaved."""
    bits = f"{_BYTES:04b}{len(data):08b}" + "".join([f"{byte:08b}" for byte in data]) + "0000"
    words = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    for number in range(size * blocks - len(words)):
        words.append(_PADDING[number % 2])
    parts = [words[number * size : (number + 1) * size] for number in range(blocks)]
    corrections = [_correction(part, correction) for part in parts]
    interleaved = [part[place] for place in range(size) for part in parts]
    return interleaved + [part[place] for place in range(correction) for part in corrections]


def _correction(words: list[int], count: int) -> list[int]:
    """Return Reed and Solomon's remainder."""
    generator, root = [1], 1
    for _ in range(count):
        generator = [a ^ _times(b, root) for a, b in zip([*generator, 0], [0, *generator], strict=True)]
        root = _times(root, 2)
    rest = words + [0] * count
    for place in range(len(words)):
        factor = rest[place]
        for number, coefficient in enumerate(generator):
            rest[place + number] ^= _times(coefficient, factor)
    return rest[len(words) :]


def _times(a: int, b: int) -> int:
    """Multiply in the field of 256 elements."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a > 255:
            a ^= _FIELD
        b >>= 1
    return product


def _drawn(version: int, bits: str, mask: int) -> list[str]:
    side = 17 + 4 * version
    fixed = _fixed(version, side)
    _draw_format(fixed, side, mask)
    rows = [[fixed.get((row, column), 0) for column in range(side)] for row in range(side)]
    place = 0
    for row, column in _path(side):
        if (row, column) not in fixed:
            bit = int(bits[place]) if place < len(bits) else 0
            rows[row][column] = bit ^ _masked(mask, row, column)
            place += 1
    return ["".join([str(bit) for bit in row]) for row in rows]


def _fixed(version: int, side: int) -> dict[tuple[int, int], int]:
    """Return the modules that say where the code is: timing, finders, alignment."""
    fixed = {}
    for place in range(8, side - 8):
        fixed[6, place] = fixed[place, 6] = 1 - place % 2
    for top, left in ((0, 0), (0, side - 7), (side - 7, 0)):
        for row in range(max(0, top - 1), min(side, top + 8)):
            for column in range(max(0, left - 1), min(side, left + 8)):
                fixed[row, column] = int(max(abs(row - top - 3), abs(column - left - 3)) not in (2, 4))
    if version > 1:
        for row in range(side - 9, side - 4):
            for column in range(side - 9, side - 4):
                fixed[row, column] = int(max(abs(row - side + 7), abs(column - side + 7)) != 1)
    return fixed


def _draw_format(fixed: dict[tuple[int, int], int], side: int, mask: int) -> None:
    """Add level M, whose number is 0, and the mask, with their error correction, twice."""
    rest = mask << 10
    for shift in range(4, -1, -1):
        if rest >> (shift + 10) & 1:
            rest ^= _FORMAT << shift
    bits = (mask << 10 | rest) ^ _FORMAT_MASK
    for number in range(15):
        bit = bits >> number & 1
        along = number if number < 6 else number + 1 if number < 8 else side - 15 + number
        across = side - 1 - number if number < 8 else 7 if number == 8 else 14 - number
        fixed[along, 8] = fixed[8, across] = bit
    fixed[side - 8, 8] = 1


def _path(side: int) -> list[tuple[int, int]]:
    """Return where the bits go: up and down in columns of two, from the right, past the timing's column."""
    places, upwards = [], True
    for right in [*range(side - 1, 7, -2), 5, 3, 1]:
        for row in range(side - 1, -1, -1) if upwards else range(side):
            places += [(row, right), (row, right - 1)]
        upwards = not upwards
    return places


def _masked(mask: int, row: int, column: int) -> int:
    product = row * column
    sums = (
        row + column,
        row,
        column % 3,
        (row + column) % 3,
        row // 2 + column // 3,
        product % 2 + product % 3,
        product % 2 + product % 3,
        (row + column) % 2 + product % 3,
    )
    if mask in (2, 3, 5):
        return int(sums[mask] == 0)
    return 1 - sums[mask] % 2


def _penalty(rows: list[str]) -> int:
    columns = ["".join([row[column] for row in rows]) for column in range(len(rows))]
    total = 0
    for line in rows + columns:
        total += 3 * (line.count("00000") + line.count("11111"))
        total += 40 * sum([line.count(finder) for finder in _FALSE_FINDERS])
    return total
