"""Predictions a second over HTTP: the local stack beside a minimal FastAPI + ONNX Runtime app on uvicorn.

One worker each, the same network, the same clients: processes with one kept-alive connection each, which turn to one
server, then to the other. FastAPI and uvicorn are fetched into an environment of their own, build/bench-peers, when
`python -m bench.predict_servers` runs.
Medians of rounds are printed and written to build/bench/predict_servers.json.
"""

import http.client
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
import venv
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from infra.paths import BUILD
from model_export import pretrained
from model_export.export import export
from tests.support.servers.running_stack import RunningStack

MODEL = "mlp-128"
PEERS = BUILD / "bench-peers"
ROUNDS, SECONDS = 5, 2.0
CLIENTS = (1, 4)  # connections at a time
BODY = json.dumps({"tensor": [0.5] * 784})
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


def main() -> None:
    """Measure, print and write."""
    figures: dict[str, dict[str, float]] = {}
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory()))
        stack = RunningStack(folder / "scrawl", LOG_LEVEL="ERROR")
        parts.callback(stack.stop)
        servers = {"Scrawl": urlsplit(stack.url).netloc, "FastAPI": parts.enter_context(fastapi(folder))}
        for clients in CLIENTS:
            with ProcessPoolExecutor(clients) as pool:
                figures[f"{clients} connections"] = compare(pool, clients, servers)
    for name, rates in figures.items():
        shown = "  ".join(f"{server} {rate:6.0f}/s" for server, rate in rates.items())
        print(f"{name:15} {shown}  ratio {rates['Scrawl'] / rates['FastAPI']:.2f}")
    out = BUILD / "bench" / "predict_servers.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=2) + "\n")


def compare(pool: ProcessPoolExecutor, clients: int, servers: dict[str, str]) -> dict[str, float]:
    """Return each server's median rate."""
    rates: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, address in servers.items():
            rates[name].append(sum(pool.map(requests_per_second, [address] * clients)))
    return {name: statistics.median(values) for name, values in rates.items()}


def requests_per_second(address: str) -> float:
    """Return how many predictions a second one connection gets."""
    connection = http.client.HTTPConnection(address)
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < SECONDS:
        connection.request("POST", "/api/predict", BODY, HEADERS)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        count += 1
    connection.close()
    return count / elapsed


@contextmanager
def fastapi(folder: Path) -> Iterator[str]:
    """Serve the peer, and give its address."""
    python = peers_python()
    model = folder / "inference.onnx"
    model.write_bytes(export(MODEL, pretrained.load(MODEL)[0])["inference.onnx"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        python,
        "-m",
        "uvicorn",
        "bench.peers.fastapi_app:app",
        "--port",
        str(port),
        "--log-level",
        "error",
    ]
    surroundings = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "MODEL": str(model)}
    process = subprocess.Popen([*command, "--no-access-log"], env=surroundings)
    try:
        wait_for(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def peers_python() -> str:
    """Return the interpreter of an environment that has the peer, and our ONNX Runtime: what it needs stays there."""
    python = PEERS / "bin" / "python"
    if not (PEERS / "complete").exists():
        venv.create(PEERS, clear=True, with_pip=True)
        ours = [f"{name}=={version(name)}" for name in ("numpy", "onnxruntime")]
        command = [str(python), "-m", "pip", "install", "-q", "fastapi", "uvicorn[standard]", *ours]
        subprocess.run(command, check=True)
        (PEERS / "complete").touch()
    return str(python)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the port answers."""
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"the FastAPI app ended with status {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the FastAPI app does not answer")


if __name__ == "__main__":
    main()
