"""UNIPEN files of digits: labels, writers and strokes are read, and what is wrong is named with its line."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from functions.errors import FormatError
from infra.dataset import unipen
from tests.infra.dataset.test_lzw import compress

FILE = b"""
.INCLUDE        some.doc
.LEXICON "0" "1" "2" "3" "4" "5" "6" "7" "8" "9"

.SEGMENT DIGIT    0 ? "7"
.COMMENT 7 12  224
.PEN_DOWN
 100  400
 300  400 55 1
 200  100
.PEN_UP
.DT 100
.PEN_DOWN
 150  250
.PEN_UP

.SEGMENT DIGIT    1 ? "0"
.COMMENT 0 3  225
.PEN_DOWN
.PEN_UP
.SEGMENT DIGIT    2 ? "1"
.PEN_DOWN
 10  20
.PEN_UP
"""


def test_digits_have_label_writer_and_strokes_with_y_downwards() -> None:
    seven, one = unipen.parse(FILE, "digits")
    assert (seven.label, seven.writer, len(seven.strokes)) == (7, 12, 2)
    assert seven.strokes[0].tolist() == [[100, -400], [300, -400], [200, -100]]
    assert seven.strokes[1].tolist() == [[150, -250]]
    assert (one.label, one.writer) == (1, unipen.UNKNOWN_WRITER)


@pytest.mark.parametrize("packed", [bytes, gzip.compress, lambda data: compress(data, 12)])
def test_file_is_read_plain_or_packed(tmp_path: Path, packed: type[bytes]) -> None:
    path = tmp_path / "digits.tra"
    path.write_bytes(packed(FILE))
    assert [digit.label for digit in unipen.read(path)] == [7, 1]
    np.testing.assert_array_equal(unipen.read(path)[0].strokes[0], unipen.parse(FILE, "")[0].strokes[0])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "digits is no UNIPEN file of digits: no line starts with .SEGMENT"),
        (b"0,1,2\n3,4,5\n", "no UNIPEN file"),
        (
            b'.SEGMENT DIGIT 0 ? "x"',
            'digits, line 1: expected a label such as "7" .*, got \'.SEGMENT DIGIT 0 . "x"\'',
        ),
        (b'.SEGMENT DIGIT 0 ? "12"', "line 1: expected a label"),
        (FILE + b'.SEGMENT DIGIT 0 ? "1"\n.PEN_DOWN\n 12\n', "line 27: expected a point, x and y, got '12'"),
        (FILE + b'.SEGMENT DIGIT 0 ? "1"\n.PEN_DOWN\n 12 y\n', "got '12 y'"),
    ],
)
def test_damaged_or_foreign_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        unipen.parse(data, "digits")


def test_damaged_packed_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "digits.Z"
    path.write_bytes(compress(FILE, 12)[:3] + b"\xff" * 9)
    with pytest.raises(FormatError, match=r"digits\.Z: the \.Z file is damaged"):
        unipen.read(path)
