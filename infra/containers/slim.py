"""Takes out of an image's packages what weighs much and is never imported: `slim.py FOLDER`.

For Lambda, where every megabyte counts, `infra.package.slim` goes further.
"""

import shutil
import sys
from pathlib import Path

from infra.package.slim_botocore import SERVICES

# Tools for making networks, and a second copy of the runtime, for programs in C.
_ONNXRUNTIME = ("backend", "datasets", "quantization", "tools", "transformers", "capi/libonnxruntime.so*")


def slim(packages: Path) -> None:
    """Remove parts of onnxruntime, and botocore's descriptions of services that are not talked to."""
    needless = [found for pattern in _ONNXRUNTIME for found in (packages / "onnxruntime").glob(pattern)]
    described = [path for path in (packages / "botocore" / "data").iterdir() if path.is_dir()]
    for path in needless + [path for path in described if path.name not in SERVICES]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
