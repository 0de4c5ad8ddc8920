"""The gRPC server's generated code is what `make protos` writes, and is never edited by hand."""

import filecmp
import subprocess
import sys
from pathlib import Path

from infra.paths import ROOT
from infra.rpc.generate import PROTOS, generate


def test_tracked_code_is_what_is_generated(tmp_path: Path) -> None:
    generate(tmp_path)
    made = sorted(path.name for path in (tmp_path / PROTOS).iterdir())
    assert made == sorted(path.name for path in (ROOT / PROTOS).glob("*_pb2*.py*"))
    _, different, unreadable = filecmp.cmpfiles(tmp_path / PROTOS, ROOT / PROTOS, made, shallow=False)
    assert (different, unreadable) == ([], [])


def test_serving_needs_no_generator() -> None:
    program = "import sys; sys.modules['grpc_tools'] = None; import infra.rpc.server"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


def test_the_api_needs_no_grpc() -> None:
    program = "import sys; sys.modules['grpc'] = sys.modules['google.protobuf'] = None; import functions.app"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
