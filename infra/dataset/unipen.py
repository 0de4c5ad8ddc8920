"""Reads UNIPEN files: digits as people wrote them on a tablet, each a list of pen strokes with its label and writer.

A line that starts with a point is a command: `.SEGMENT DIGIT … "7"` starts a digit, `.COMMENT 7 12 224` names the
digit, the writer and a running number, `.PEN_DOWN` and `.PEN_UP` enclose a stroke. Any other line is a point, x and y
with y upwards. Other commands are ignored. Files may be compressed by gzip or by `compress` (`.Z`).
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import CLASSES
from functions.errors import FormatError
from infra.dataset import idx, lzw

UNKNOWN_WRITER = 0
_LABEL = re.compile(r'"(\d+)"\s*$')


@dataclass(frozen=True)
class WrittenDigit:
    """A digit's label, the number of its writer, and its strokes: (points, 2) each, x and y with y downwards."""

    label: int
    writer: int
    strokes: tuple[NDArray[np.float64], ...]


def read(path: Path) -> list[WrittenDigit]:
    """Return the digits of a file, compressed or not.

    Raises:
        FormatError: when it is no UNIPEN file, or a damaged one; the message names file and line.
    """
    return parse(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, decompressed if they are gzip or `.Z`; the content decides which."""
    data = idx.read_bytes(path)
    try:
        return lzw.decompress(data) if data.startswith(lzw.MAGIC) else data
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None


def parse(data: bytes, name: str) -> list[WrittenDigit]:
    """Return the digits in the bytes of a UNIPEN file; `name` is for messages. Those without points are left out."""
    reading = _Reading(name)
    for number, line in enumerate(data.decode("ascii", "replace").splitlines(), 1):
        words = line.split()
        if words:
            reading.take(words, line, number)
    reading.end_digit()
    if not reading.segments:
        raise FormatError(f"{name} is no UNIPEN file of digits: no line starts with .SEGMENT")
    return reading.digits


class _Reading:
    """What has been read so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.digits: list[WrittenDigit] = []
        self.segments = 0
        self.label, self.writer = 0, UNKNOWN_WRITER
        self.strokes: list[list[tuple[float, float]]] = []
        self.pen_is_down = False

    def take(self, words: list[str], line: str, number: int) -> None:
        """Take in one line."""
        command = words[0]
        if command == ".SEGMENT":
            self.end_digit()
            self.start_digit(line, number)
        elif command == ".COMMENT" and len(words) > 2 and words[2].isdigit():
            self.writer = int(words[2])
        elif command == ".PEN_DOWN":
            self.pen_is_down = True
            self.strokes.append([])
        elif command == ".PEN_UP":
            self.pen_is_down = False
        elif not command.startswith(".") and self.pen_is_down and self.segments:
            self.strokes[-1].append(self.point(words, number))

    def start_digit(self, line: str, number: int) -> None:
        """Start a digit with the label at the end of its line."""
        label = _LABEL.search(line)
        if not label or int(label[1]) >= CLASSES:
            shown = f'expected a label such as "7" at the end of .SEGMENT, got {line.strip()!r}'
            raise FormatError(f"{self.name}, line {number}: {shown}")
        self.segments += 1
        self.label = int(label[1])

    def end_digit(self) -> None:
        """Keep the digit that was being read, if it has a point."""
        strokes = tuple(np.array(stroke) * (1, -1) for stroke in self.strokes if stroke)
        if self.segments and strokes:
            self.digits.append(WrittenDigit(self.label, self.writer, strokes))
        self.writer, self.strokes, self.pen_is_down = UNKNOWN_WRITER, [], False

    def point(self, words: list[str], number: int) -> tuple[float, float]:
        """Return a line's x and y; pressure and time may follow them."""
        try:
            x, y = float(words[0]), float(words[1])
        except (IndexError, ValueError):
            shown = f"expected a point, x and y, got {' '.join(words)!r}"
            raise FormatError(f"{self.name}, line {number}: {shown}") from None
        return x, y
