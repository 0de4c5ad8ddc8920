"""The stream of the rehearsal: npm's `kinesis-local`, which LocalStack runs for Kinesis.

LocalStack would fetch it itself, but with a home of its own, so without what npm is told on this machine about
registries and certificates. Fetched here, it is next to LocalStack, and `localstack_host` says where.
"""

import shutil
import subprocess

from infra.paths import ROOT

VERSION = "0.4.13"  # which LocalStack 4.9 asks for
FOLDER = ROOT / ".venv-rehearsal" / "kinesis"
_MAIN = FOLDER / "node_modules" / "kinesis-local" / "main.js"
_WITHIN = 180  # seconds


def fetch() -> str:
    """Fetch it unless it is there; return why there is none, or nothing."""
    if not (shutil.which("npm") and shutil.which("node")):
        return "it runs in Node.js, and node and npm are not installed"
    if _MAIN.exists():
        return ""
    command = ["npm", "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", f"kinesis-local@{VERSION}"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_WITHIN)
    except subprocess.TimeoutExpired:
        return f"npm did not fetch kinesis-local within {_WITHIN} seconds"
    except subprocess.CalledProcessError as error:
        return f"npm cannot fetch kinesis-local: {(error.stderr.strip() or str(error)).splitlines()[0]}"
    return ""
