"""Atomic writes: what a failed one says and leaves."""

from pathlib import Path

import pytest

from infra.files import write_atomically


def test_failed_write_names_the_file_and_leaves_the_old_one_alone(tmp_path: Path) -> None:
    taken = tmp_path / "weights.onnx"
    taken.mkdir()  # a file cannot replace a folder
    with pytest.raises(OSError, match="weights") as raised:
        write_atomically(taken, b"new")
    assert raised.value.filename == str(taken)
    assert list(tmp_path.iterdir()) == [taken]
