"""How many calls a second one `scrawl grpc` process answers, one after the other and 16 at a time.

The client is grpcio in this process, on the same processors: `python -m bench.grpc_server`. Figures are medians of
rounds, printed and written to build/bench/grpc_server.json.
"""

import io
import json
import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tritonclient.grpc import service_pb2, service_pb2_grpc

from infra.paths import BUILD
from infra.rpc.protos import mnist_pb2, mnist_pb2_grpc
from tests.support.servers.running_grpc import RunningGrpc

ROUNDS, SECONDS, AT_ONCE = 5, 1.0, 16
MODEL = {"mlp": "mlp-128-64", "conv": "conv-32-64"}


def drawing() -> NDArray[np.uint8]:
    """Return a one, (28, 28) bytes."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 13:16] = 255
    return pixels


def image_message() -> mnist_pb2.MnistImage:
    """Return a drawing of 280×280 pixels as PNG, as a page would send it."""
    file = io.BytesIO()
    Image.fromarray(drawing()).resize((280, 280)).save(file, "PNG")
    return mnist_pb2.MnistImage(data=file.getvalue())


def tensor_message(model: str, count: int) -> service_pb2.ModelInferRequest:
    """Return a batch of images as FP32."""
    images = np.tile(drawing().reshape(1, 784) / np.float32(255), (count, 1)).astype(np.float32)
    return service_pb2.ModelInferRequest(
        model_name=model,
        inputs=[{"name": "images", "datatype": "FP32", "shape": images.shape}],
        raw_input_contents=[images.tobytes()],
    )


def calls_per_second(call: Callable[[], object], at_once: int) -> float:
    """Return the median rate of several rounds of the same call from so many threads."""
    return statistics.median(_round(call, at_once) for _ in range(ROUNDS))


def _round(call: Callable[[], object], at_once: int) -> float:
    counts = [0] * at_once
    start = time.perf_counter()

    def client(place: int) -> None:
        while time.perf_counter() - start < SECONDS:
            call()
            counts[place] += 1

    threads = [threading.Thread(target=client, args=(place,)) for place in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def measure(architecture: str) -> dict[str, float]:
    """Return the figures of a server with one model."""
    server = RunningGrpc("--model-architecture", architecture, "--log-level", "warning")
    model = MODEL[architecture]
    figures: dict[str, float] = {}
    with grpc.insecure_channel(server.address) as channel:
        predict = mnist_pb2_grpc.MnistStub(channel).Predict  # type: ignore[no-untyped-call]  # generated
        infer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer
        messages: dict[str, tuple[Callable[[Any], object], object]] = {
            "Predict, a PNG of 280×280": (predict, image_message()),
            "ModelInfer, 1 image": (infer, tensor_message(model, 1)),
            "ModelInfer, 100 images": (infer, tensor_message(model, 100)),
        }
        for name, (method, message) in messages.items():
            for at_once in (1, AT_ONCE):
                rate = calls_per_second(partial(method, message), at_once)
                figures[f"{model}, {name}, {at_once} at a time, calls/s"] = round(rate)
    server.stop()
    return figures


def main() -> None:
    """Measure, print and write."""
    figures = measure("mlp") | measure("conv")
    for name, figure in figures.items():
        print(f"{name:70} {figure:>8}")
    out = BUILD / "bench" / "grpc_server.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
