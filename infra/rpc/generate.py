"""Generates the protocols' Python code with the pinned grpcio-tools, for `make protos`. A test compares."""

from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

from infra.paths import ROOT

PROTOS = Path("infra/rpc/protos")  # below ROOT: generated imports follow the path


def generate(out: Path) -> None:
    """Write `infra/rpc/protos/*_pb2*` below a folder.

    Raises:
        RuntimeError: when protoc refuses a file; it has said why on the terminal.
    """
    sources = sorted(str(path) for path in (ROOT / PROTOS).glob("*.proto"))
    outputs = [f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}"]
    status = protoc.main(["protoc", f"-I{ROOT}", f"-I{files('grpc_tools') / '_proto'}", *outputs, *sources])
    if status:
        raise RuntimeError(f"protoc ended with status {status}")


if __name__ == "__main__":
    generate(ROOT)
