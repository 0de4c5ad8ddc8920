"""How long the API's handlers take in process, and a cold start: medians, printed and written to build/bench/.

Each handler is called as Lambda calls it, `app(event, context)`, with events as API Gateway makes them. The store is
moto's S3 in this process, so what a handler waits for S3 is moto's time, not Amazon's: `warm` handlers touch it once
a second at most. Run: `python -m bench.handlers` (MNIST_DIR is used where it is set).
"""

import base64
import io
import json
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from moto import mock_aws
from PIL import Image

os.environ |= {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "SCRAWL_BUCKET": "scrawl-bench",
    "LOG_LEVEL": "ERROR",
}

from bench import cold_start
from functions import aws, wiring
from functions.app import app
from functions.dataset import block
from functions.dataset.block import Block
from functions.storage import s3
from infra.dataset.seeding import seed
from infra.dataset.sources import DigitSplits, Sources, load_dataset

JSON = "application/json"
OCTETS = "application/octet-stream"
SAFETENSORS = "application/vnd.safetensors"
OUT = Path(__file__).parent.parent / "build" / "bench" / "handlers.json"
STROKES = [[[10 + 0.5 * x, 12] for x in range(100)], [[60 - 0.3 * y, 12 + 0.8 * y] for y in range(100)]]  # a 7
CONV = {"model": ["conv-32-64"]}
RATE = (
    1e-5  # of the PATCHes, of which there are many on the same digits: larger steps would be taken back, with a 422
)
GENTLY = {"learning_rate": [str(RATE)]}


def event(method: str, path: str, body: object = None, **extra: Any) -> dict[str, Any]:
    """Return the event that API Gateway makes of a request; bodies are base64, since all media types are binary."""
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {
            "Accept": extra.get("accept", "*/*"),
            "Accept-Encoding": extra.get("encoding", "identity"),
            "Content-Type": extra.get("content_type", JSON),
        },
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": extra.get("query"),
        "pathParameters": extra.get("parameters"),
        "stageVariables": None,
        "requestContext": {"httpMethod": method, "resourcePath": extra.get("resource", path), "path": path},
        "body": None if content is None else base64.b64encode(content).decode(),
        "isBase64Encoded": content is not None,
    }


def median_ms(action: Callable[[], object], times: int) -> float:
    """Return the median time of an action, in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def pictures(some: Block) -> dict[str, bytes]:
    """Return image files of a digit: what is measured, and the file."""
    digit = Image.fromarray(255 - some.pixels[0].reshape(28, 28))
    grain = np.random.default_rng(0).normal(0, 6, (900, 1200))
    photo = Image.fromarray(np.uint8(np.clip(60 + 0.6 * np.array(digit.resize((1200, 900))) + grain, 0, 255)))
    return {
        "predict a PNG of 28x28": _file(digit, "PNG"),
        "predict a PNG of 280x280": _file(digit.resize((280, 280)), "PNG"),
        "predict a JPEG photo of 1200x900": _file(photo, "JPEG"),
    }


def _file(picture: Image.Image, kind: str) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind)
    return content.getvalue()


def events(digit: Block, some: Block, weights: bytes) -> dict[str, tuple[dict[str, Any], int]]:
    """Return what is measured: the event, and how many times."""
    image = digit.images()[0].tolist()
    taught = {"data": [{"target": int(digit.labels[0]), "image": image}], "learning_rate": RATE}
    shard = {"split": "train", "index": "0"}
    route = "/datablock/{split}/{index}"
    files = pictures(some)
    return {
        "predict a tensor, mlp-128": (event("POST", "/predict", {"tensor": image}), 2000),
        "predict a tensor, conv-32-64": (event("POST", "/predict", {"tensor": image}, query=CONV), 2000),
        "predict strokes": (event("POST", "/predict", {"strokes": STROKES}), 200),
        "predict 100 tensors, mlp-128": (event("POST", "/predict", {"tensors": [image] * 100}), 50),
        **{name: (event("POST", "/predict", file, content_type="image/*"), 50) for name, file in files.items()},
        "block of 128, JSON": (event("POST", "/datablock", {"block": 128}, accept=JSON), 300),
        "block of 128, JSON, gzip": (event("POST", "/datablock", {"block": 128}, accept=JSON, encoding="gzip"), 100),
        "block of 128, binary": (event("POST", "/datablock", {"block": 128}, accept=OCTETS), 1000),
        "one sample": (event("GET", "/data"), 1000),
        "a shard as stored": (
            event("GET", "/datablock/train/0", parameters=shard, resource=route, encoding="gzip"),
            50,
        ),
        "weights, JSON": (event("GET", "/weights"), 30),
        "weights, JSON, gzip": (event("GET", "/weights", encoding="gzip"), 20),
        "weights, safetensors": (event("GET", "/weights", accept=SAFETENSORS), 50),
        "PATCH one sample, mlp-128": (event("PATCH", "/weights", taught), 30),
        "PATCH one sample, conv-32-64": (event("PATCH", "/weights", taught, query=CONV), 30),
        "PATCH a block of 128": (
            event("PATCH", "/weights", block.encode(some), content_type=OCTETS, query=GENTLY),
            30,
        ),
        "POST weights, safetensors": (event("POST", "/weights", weights, content_type=SAFETENSORS), 20),
    }


def measure_handlers() -> dict[str, float]:
    """Return the median milliseconds of each handler."""
    digit = wiring.service().dataset.first("test", 1)
    weights = base64.b64decode(app(event("GET", "/weights", accept=SAFETENSORS), None)["body"])
    some = wiring.service().dataset.sample("train", 128, np.random.default_rng(0))
    medians = {}
    for name, (asked, times) in events(digit, some, weights).items():
        for _ in range(10):
            answer = app(asked, None)
            assert answer["statusCode"] < 300, answer
        medians[name] = median_ms(partial(app, asked, None), times)
    return medians


def small_dataset() -> DigitSplits:
    """Return ten shards to train on and two to test on."""
    whole = load_dataset(Sources.from_environment(), print)
    splits = {
        s: Block(b.labels[:n], b.pixels[:n]) for (s, b), n in zip(whole.splits.items(), (10_000, 2000), strict=True)
    }
    return DigitSplits(whole.name, whole.title, whole.notice, splits)


def main() -> None:
    """Measure, print and write."""
    with mock_aws():
        client = aws.client("s3")
        client.create_bucket(Bucket="scrawl-bench")
        store = s3.S3Store(client, "scrawl-bench")
        seed(store, small_dataset())
        results = measure_handlers()
        first = event("POST", "/predict", {"tensor": [0] * 784})
        results["cold start to the first prediction"] = cold_start.measure(store, first)
    for name, median in results.items():
        print(f"{name:40} {median:9.3f} ms")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
