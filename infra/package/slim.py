"""Cuts from installed packages what Scrawl never imports: a little for the images, all that can go for the Lambdas.

For an image, the Dockerfile runs `python -m infra.package.slim FOLDER`. For the Lambdas, whose size and cold start
count, what is left is compiled, too, and `infra.package.slim_botocore` shortens what botocore reads. If something is
cut that is needed after all, the test fails that runs the packed API with nothing else on its path.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.package import slim_botocore
from infra.package.slim_botocore import SERVICES

# Patterns of paths below the folder. First what nothing of Scrawl's imports, and what weighs most:
UNUSED = (
    # A second copy of the runtime, for programs in C; the Python module has its own inside.
    "onnxruntime/capi/libonnxruntime.so*",
    # Tools for making and changing networks.
    "onnxruntime/backend",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
)
# Then what only the Lambdas do without, or what is not worth a thought where size hardly counts.
UNUSED_IN_LAMBDA = (
    # onnxruntime requires them, but inference imports none of them.
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
    # Examples for documentation, which nothing reads.
    "botocore/data/*/*/examples-1.json",
    "dateutil/zoneinfo",
    "**/*.pyi",
    "**/*.pyx",
    "**/*.pxd",
    "**/*.h",
    "**/py.typed",
    "bin",
)
PICTURES = (
    "Bmp",
    "Gif",
    "Ico",
    "Jpeg",
    "Jpeg2K",
    "Mpo",
    "Png",
    "Ppm",
    "Tga",
    "Tiff",
    "WebP",
)  # formats that one may send
# Files, or folders of them, that a package's licence is in; whoever passes the package on passes them on.
LICENCES = re.compile(r"licen[cs]es?|copying|notices?|authors|third.?party.?notices", re.IGNORECASE)
_COMPILE = (
    "import compileall, py_compile, sys; "
    "sys.exit(not compileall.compile_dir(sys.argv[1], quiet=2, stripdir=sys.argv[1], {options}))"
)
_WITHOUT_SOURCES = "legacy=True, optimize=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH"
_BESIDE_SOURCES = "invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH"


def slim_for_image(folder: Path) -> None:
    """Remove parts of onnxruntime, and botocore's descriptions of services that Scrawl does not call."""
    _remove({*_matching(folder, UNUSED), *_other_services(folder)})


def slim_for_lambda(folder: Path) -> None:
    """Remove all that is never imported, and put compiled modules in the place of their sources."""
    unused = {*_matching(folder, UNUSED + UNUSED_IN_LAMBDA), *_other_services(folder)}
    _remove(unused | {*_rare_formats(folder), *_pip_records(folder)})
    slim_botocore.shorten(folder / "botocore")
    _without_http2(folder / "urllib3")
    _compile(folder, _WITHOUT_SOURCES)  # and without docstrings: nobody asks for help there
    for source in folder.rglob("*.py"):
        source.unlink()


def compile_beside_sources(folder: Path) -> None:
    """Put compiled modules beside their sources, which tracebacks show and by whose hash they are checked."""
    _compile(folder, _BESIDE_SOURCES)


def _remove(paths: set[Path]) -> None:
    for path in sorted(paths):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _compile(folder: Path, options: str) -> None:
    # Dates in a Lambda package are of 1980, so compiled files that compare dates would never be used. With the same
    # seed each time, sets have the same order, and the files the same bytes.
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    subprocess.run([sys.executable, "-c", _COMPILE.format(options=options), str(folder)], check=True, env=environment)


def _matching(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from folder.glob(pattern)


def _other_services(folder: Path) -> Iterator[Path]:
    """Yield botocore's descriptions of services that Scrawl does not call."""
    for path in (folder / "botocore" / "data").iterdir():
        if path.is_dir() and path.name not in SERVICES:
            yield path


def _rare_formats(folder: Path) -> Iterator[Path]:
    """Yield Pillow's readers of formats that hardly anyone has."""
    for path in (folder / "PIL").glob("*ImagePlugin.py"):
        if path.name.removesuffix("ImagePlugin.py") not in PICTURES:
            yield path


def _without_http2(urllib3: Path) -> None:
    """Leave what urllib3 asks whether HTTP/2 is in use: the rest of it imports the packages' metadata, 12 ms."""
    (urllib3 / "http2" / "__init__.py").write_text("")
    (urllib3 / "http2" / "connection.py").unlink()


def _pip_records(folder: Path) -> Iterator[Path]:
    """Yield what pip records about packages, apart from their names and licences."""
    for path in folder.glob("*.dist-info/*"):
        if path.name != "METADATA" and not LICENCES.match(path.name):
            yield path


if __name__ == "__main__":
    slim_for_image(Path(sys.argv[1]))
