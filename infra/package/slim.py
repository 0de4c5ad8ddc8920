"""What a Lambda's dependencies can do without: parts that Scrawl never imports, and that cost size and cold start.

`slim` takes them out of a folder that pip has installed into, and compiles the rest; `infra.package.slim_botocore`
shortens what botocore reads. What is installed there is said by `infra.package.lock`, how it is packed by
`infra.package.lambda_package`. Whatever is removed and needed after all is found by the test that runs the packed API
with nothing else on its path.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.package import slim_botocore
from infra.package.slim_botocore import SERVICES

# Patterns of paths below the folder, each with why nobody misses it.
NEEDLESS = (
    # A second copy of the runtime, for programs in C; the Python module has its own inside.
    "onnxruntime/capi/libonnxruntime.so*",
    # Tools for making and changing networks.
    "onnxruntime/backend",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "onnxruntime/ThirdPartyNotices.txt",
    # onnxruntime names them as requirements, but its inference imports neither.
    "flatbuffers*",
    "google",
    "packaging*",
    "protobuf*",
    # Building, testing and typing of NumPy.
    "numpy/**/tests",
    "numpy/_core/include",
    "numpy/_core/lib",
    "numpy/_core/_simd.*",
    "numpy/_core/_*_tests.*",
    "numpy/_pyinstaller",
    "numpy/f2py",
    "numpy/fft",
    "numpy/polynomial",
    "numpy/random/lib",
    "numpy/random/_examples",
    "numpy/testing",
    # Fonts, screens, colour profiles and AVIF.
    "PIL/_avif.*",
    "PIL/_imagingcms.*",
    "PIL/_imagingft.*",
    "PIL/_imagingmath.*",
    "PIL/_imagingmorph.*",
    "PIL/_imagingtk.*",
    "PIL/_tkinter_finder.py",
    "pillow.libs/libavif-*",
    "pillow.libs/libbrotli*",
    "pillow.libs/libfreetype-*",
    "pillow.libs/libharfbuzz-*",
    "pillow.libs/liblcms2-*",
    "pillow.libs/libpng16-*",
    # Examples for documentation, and helpers for frameworks that are not used here.
    "botocore/data/*/*/examples-1.json",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/[!_j]*",
    "dateutil/zoneinfo",
    "**/*.pyi",
    "**/*.pyx",
    "**/*.pxd",
    "**/*.h",
    "**/py.typed",
    "bin",
)
PICTURES = ("Bmp", "Gif", "Ico", "Jpeg", "Jpeg2K", "Mpo", "Png", "Ppm", "Tga", "Tiff", "WebP")  # that one may send
_COMPILE = (
    "import compileall, py_compile, sys; "
    "sys.exit(not compileall.compile_dir(sys.argv[1], quiet=2, stripdir=sys.argv[1], {options}))"
)
_ALONE = "legacy=True, optimize=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH"
_BESIDE = "invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH"


def slim(folder: Path) -> None:
    """Take out what is never imported, and put compiled modules in the place of their sources."""
    needless = {found for pattern in NEEDLESS for found in folder.glob(pattern)}
    for path in sorted(needless | {*_descriptions(folder), *_formats(folder), *_records(folder)}):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    slim_botocore.shorten(folder / "botocore")
    _compile(folder, _ALONE)  # without docstrings: nobody asks for help there
    for source in folder.rglob("*.py"):
        source.unlink()


def compile_beside(folder: Path) -> None:
    """Put compiled modules beside their sources, which tracebacks show and by whose hash they are checked."""
    _compile(folder, _BESIDE)


def _compile(folder: Path, options: str) -> None:
    # Dates in a Lambda package are of 1980, so compiled files that compare dates would never be used. The same seed
    # each time keeps the order of sets, and so the bytes, the same.
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    subprocess.run([sys.executable, "-c", _COMPILE.format(options=options), str(folder)], check=True, env=environment)


def _descriptions(folder: Path) -> Iterator[Path]:
    """Yield botocore's descriptions of services that are not talked to."""
    for path in (folder / "botocore" / "data").iterdir():
        if path.is_dir() and path.name not in SERVICES:
            yield path


def _formats(folder: Path) -> Iterator[Path]:
    """Yield Pillow's readers of formats that hardly anyone has."""
    for path in (folder / "PIL").glob("*ImagePlugin.py"):
        if path.name.removesuffix("ImagePlugin.py") not in PICTURES:
            yield path


def _records(folder: Path) -> Iterator[Path]:
    """Yield what pip has noted down, beyond the names of packages and their licences."""
    for path in folder.glob("*.dist-info/*"):
        if path.name not in ("METADATA", "LICENSE", "licenses"):
            yield path
