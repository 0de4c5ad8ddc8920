"""How long a Lambda needs from nothing to its first prediction: the package that is deployed, in a fresh interpreter.

It is unpacked into an empty folder and run with nothing else on its path, its sources read-only as Lambda has them.
In place of S3 there is a store on disk: no network is measured.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from functions.storage.store import Store
from infra.package import lambda_package

RUNS = 15
ROOT = Path(__file__).parent.parent
_PROGRAM = """
import time
started = time.perf_counter()
import sys
sys.path[:] = [path for path in sys.path if not path.endswith("-packages")]
sys.path.insert(0, sys.argv[1])
import app
import json, pathlib
from functions import wiring
from functions.jobs.launchers import ThreadLauncher
from functions.service import Service
from functions.storage.memory import MemoryStore
deployed = wiring.from_environment()
store = MemoryStore()
for file in pathlib.Path(sys.argv[2]).rglob("*.*"):
    if file.is_file():
        store.put(str(file.relative_to(sys.argv[2])), file.read_bytes())
wiring.use(Service(deployed.settings, store, ThreadLauncher()))
answer = app.app(json.loads(sys.argv[3]), None)
assert answer["statusCode"] == 200, answer
print("took", 1000 * (time.perf_counter() - started))
"""


def measure(store: Store, event: dict[str, Any]) -> float:
    """Return the median milliseconds from an interpreter's first line to the answer to a prediction of `mlp-128`."""
    with tempfile.TemporaryDirectory() as folder:
        package, objects = Path(folder) / "package", Path(folder) / "store"
        architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
        with zipfile.ZipFile(lambda_package.build(Path(folder), "prod", architecture)) as zipped:
            zipped.extractall(package)
        for key in store.keys(""):
            if key.startswith(("models/mlp-128/", "weights/mlp-128/")):
                target = objects / key
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(store.get(key).body)
        # -B: a Lambda cannot keep what it compiles.
        command = [sys.executable, "-I", "-B", "-c", _PROGRAM, str(package), str(objects), json.dumps(event)]
        return statistics.median(_run(command) for _ in range(RUNS))


def _run(command: list[str]) -> float:
    settings = json.loads((ROOT / ".chalice" / "config.json").read_text())
    deployed = settings["environment_variables"] | settings["stages"]["prod"]["environment_variables"]
    environment = os.environ | deployed | {"SCRAWL_WRITE_TOKEN": "bench"}
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("took ")]
    return float(line.split()[1])
