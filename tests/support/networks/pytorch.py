"""Runs `torch_twin` in an interpreter that has PyTorch: TORCH_PYTHON, else this one; else tests are skipped."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TWIN = Path(__file__).parent / "torch_twin.py"


def interpreter() -> str:
    """Return the interpreter; skip the test, before it does anything else, where there is none."""
    python = _found()
    if python is None:
        pytest.skip("no PyTorch here; set TORCH_PYTHON to an interpreter that has it")
    return python


@functools.cache
def _found() -> str | None:
    for candidate in (os.environ.get("TORCH_PYTHON"), sys.executable):
        if candidate and shutil.which(candidate):
            found = subprocess.run([candidate, "-c", "import torch"], capture_output=True, check=False)
            if found.returncode == 0:
                return candidate
    return None


def trained(
    python: str,
    folder: Path,
    layers: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Return the first batch's gradients (`gradient.{name}`), the losses, and the weights after one step per batch.

    `arrays` has the weights, and per batch images, labels and, of each layer of dropout, its mask.
    """
    np.savez(folder / "in.npz", allow_pickle=False, **arrays)
    subprocess.run([python, str(TWIN), json.dumps([layers, settings]), str(folder)], check=True)
    return dict(np.load(folder / "out.npz"))
