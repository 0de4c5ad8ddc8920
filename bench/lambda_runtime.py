"""How long the Lambda needs to start and to answer under AWS's own runtime client, for our package and a plain one.

Each package runs as in a Lambda: unpacked, read-only bytecode, nothing else on its path but `awslambdaric` (a plain
package finds botocore beside that, as in Lambda). The packages take turns, beside a function that does nothing, so
that a busy machine slows down all of them. The store is moto's S3 in a process of its own, so that its time is not
Amazon's. Run: `python -m bench.lambda_runtime` (MNIST_DIR is used where it is set).
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from bench.handlers import small_dataset
from functions import aws
from functions.dataset.block import Block
from functions.storage.s3 import S3Store
from infra.dataset.seeding import seed
from infra.package import lambda_package
from infra.paths import BUILD, ROOT
from tests.support.aws.api_gateway import JSON, authorized, event
from tests.support.servers.lambda_process import LambdaProcess, runtime_folder
from tests.support.servers.store_process import StoreProcess

STARTS, INVOKES, PATCHES = 9, 50, 10
BUCKET = "scrawl-bench"
OUT = BUILD / "bench" / "lambda_runtime.json"
BOTOCORE = ("botocore", "jmespath", "python-dateutil", "six", "urllib3")  # what Lambda's Python has
_CHALICE = "from chalice.cli import main; main()"


def own(folder: Path) -> Path:
    """Return the package of `scrawl package`, unpacked."""
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    return _unpacked(lambda_package.build(folder / "own", "prod", architecture))


def plain(folder: Path) -> Path:
    """Return the package of a plain `chalice package`, unpacked."""
    project = folder / "project"
    project.mkdir()
    for name in ("app.py", "requirements.txt"):
        shutil.copyfile(ROOT / name, project / name)
    shutil.copytree(ROOT / ".chalice", project / ".chalice", ignore=shutil.ignore_patterns("deploy*"))
    shutil.copytree(
        ROOT / "functions", project / "vendor" / "functions", ignore=shutil.ignore_patterns("__pycache__")
    )
    command = [sys.executable, "-c", _CHALICE, "package", "--stage", "prod", "out"]
    done = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)
    package = project / "out" / "deployment.zip"
    if not package.exists():  # Chalice ends well all the same where it cannot download what the package needs
        raise SystemExit(f"chalice package wrote no package:\n{done.stdout}{done.stderr}")
    return _unpacked(package)


def nothing(folder: Path) -> Path:
    """Return a function that does nothing: what Python and the runtime client need themselves."""
    (folder / "nothing").mkdir()
    (folder / "nothing" / "app.py").write_text("def app(event, context):\n    return {}\n")
    return folder / "nothing"


def requests(digit: list[float], label: int) -> dict[str, tuple[dict[str, Any], int]]:
    """Return what is invoked, and how many times."""
    tensor = json.dumps({"tensor": digit}).encode()
    lesson = json.dumps({"data": [{"target": label, "image": digit}]}).encode()
    typed = authorized(content_type=JSON)
    return {
        "predict, mlp-128": (event("POST", "/predict", tensor, typed), INVOKES),
        "predict, conv-32-64": (event("POST", "/predict?model=conv-32-64", tensor, typed), INVOKES),
        "PATCH one sample, mlp-128": (event("PATCH", "/weights", lesson, typed), PATCHES),
        "PATCH one sample, conv-32-64": (event("PATCH", "/weights?model=conv-32-64", lesson, typed), PATCHES),
    }


def measure(packages: dict[str, tuple[Path, Path]], settings: dict[str, str], digits: Block) -> dict[str, Any]:
    """Return medians in milliseconds for each package, given its folder and its runtime's."""
    inits: dict[str, list[float]] = {name: [] for name in packages}
    firsts: dict[str, list[float]] = {name: [] for name in packages}
    invokes: dict[str, dict[str, float]] = {}
    asked = requests((digits.pixels[0] / 255).tolist(), int(digits.labels[0]))
    first = asked["predict, mlp-128"][0]
    for round_ in range(STARTS + 1):  # the first one fills the page cache
        for name, (package, runtime) in packages.items():
            process = LambdaProcess(package, runtime, "app.app", settings)
            took = _milliseconds(process, first)
            if round_:
                inits[name].append(1000 * process.init_s)
                firsts[name].append(took)
            if round_ == STARTS and name != "nothing":
                invokes[name] = {
                    what: statistics.median(_milliseconds(process, sent) for _ in range(times))
                    for what, (sent, times) in asked.items()
                }
            process.stop()
    return {
        name: {"init": statistics.median(inits[name]), "first predict": statistics.median(firsts[name])}
        | invokes.get(name, {})
        for name in packages
    }


def _milliseconds(process: LambdaProcess, sent: dict[str, Any]) -> float:
    started = time.perf_counter()
    answer = process.invoke(sent)
    assert answer.get("statusCode", 200) == 200, answer
    return 1000 * (time.perf_counter() - started)


def _unpacked(zipped: Path) -> Path:
    folder = zipped.parent / "unpacked"
    with zipfile.ZipFile(zipped) as content:
        content.extractall(folder)
    return folder


def main() -> None:
    """Measure, print and write."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    deployed = json.loads((ROOT / ".chalice" / "config.json").read_text())
    with tempfile.TemporaryDirectory() as name, runtime_folder() as bare, runtime_folder(*BOTOCORE) as with_botocore:
        folder = Path(name)
        store = StoreProcess(folder / "store", BUCKET)
        os.environ["AWS_ENDPOINT_URL_S3"] = store.endpoint
        digits = small_dataset()
        seed(S3Store(aws.client("s3"), BUCKET), digits)
        settings = deployed["environment_variables"] | deployed["stages"]["prod"]["environment_variables"]
        settings |= authorized_settings(store.endpoint)
        packages = {
            "nothing": (nothing(folder), bare),
            "scrawl package": (own(folder), bare),
            "chalice package": (plain(folder), with_botocore),
        }
        results = measure(packages, settings, digits.splits["test"])
        store.kill()
    for package, medians in results.items():
        for what, median in medians.items():
            print(f"{package:16} {what:30} {median:9.1f} ms")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(results, indent=2) + "\n")


def authorized_settings(endpoint: str) -> dict[str, str]:
    """Return the settings that a deployment adds."""
    return {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "SCRAWL_BUCKET": BUCKET,
        "SCRAWL_STAGE": "prod",
        "SCRAWL_WRITE_TOKEN": authorized()["authorization"].removeprefix("Bearer "),
    }


if __name__ == "__main__":
    main()
