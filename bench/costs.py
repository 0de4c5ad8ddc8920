"""What visits, a million predictions or PATCHes, and months cost, line by line; docs/scale.md quotes it.

Sizes and numbers of requests are those of the built page and of the API's answers, measured on 2026-11-28; a test
fails when one of them has become wrong by more than a twentieth. What each wait for S3 takes is that of the
simulation. Prices are AWS's for us-east-1 without free tiers; docs/scale.md says where each was looked up. Run:
`python -m bench.costs`.
"""

import math
from collections.abc import Sequence

from bench.capacity import table
from bench.simulation.assumptions import Assumptions
from functions.settings import Settings
from functions.telemetry import metrics
from infra.cloudformation.template import alarms, stack

PRICES = {  # US dollars
    "API Gateway, request": 3.50e-6,
    "Lambda, request": 0.20e-6,
    "Lambda, GB-second, x86_64": 0.0000166667,
    "S3, GET": 0.0004e-3,
    "S3, PUT or LIST": 0.005e-3,
    "S3, GB and month": 0.023,
    "CloudFront, GB to the visitor": 0.085,
    "CloudFront, GB to the API": 0.020,
    "CloudFront, HTTPS request": 0.01e-4,
    "CloudFront Function, call": 0.10e-6,
    "Kinesis, shard and hour": 0.015,
    "Kinesis, PUT": 0.014e-6,
    "CloudWatch, GB of logs": 0.50,
    "CloudWatch, metric and month": 0.30,
    "CloudWatch, alarm and month": 0.10,
}
GB = 1e9
MEMORY_GB = 1769 / 1024  # .chalice/config.json
P = Assumptions()
WARM = P.lambda_s + P.handler_s

FILES = 13  # of the page
# Bytes.
SHELL = 277_692  # index.html, brython.js, scrawl.js, style.css, worker.js, models.json, the kernel; Brotli
REST = 243_978 + 1_928  # scrawl-later.js, later.css, graphs.json, pictures.wasm, helper.js; the service worker
WEIGHTS = (407_584, 438_200, 1_687_384)  # of a version of each model, as float32
QUICK, EXACT = 63_189, WEIGHTS[0]  # mlp-128's weights as int6 in gzip and as float32
SHARDS, SHARD = 70, 164_981  # MNIST's, and their mean size
ANSWER = 219 + 477  # of /predict: body and headers
TENSOR = 4_896  # a digit as JSON
HISTORY = 152  # what the pointer knows of a version
POINTER = HISTORY * Settings.keep_versions
PRUNED_EVERY = 16  # publications
METRICS_LINE = 536  # of one request
LESSON_LOG = 138_000  # the log of 5,000 lessons, at most
TOGETHER = 10  # lessons that come within a second, of which the consumer makes one version
UPDATE = 103_264  # a difference of mlp-128's as int8
RECORD_UNIT = 25_600  # bytes that count as one PUT of Kinesis
CLASS, ROUND_S = 30, 5  # tabs that learn together; a round learns for about a second and waits for four
HOURS = 730  # of a month
PUT_LESSON_S = 0.02  # onto Kinesis; assumed
LOG = METRICS_LINE + 350  # and what Lambda itself writes of it, from memory
GRAPHS = 2_602_000  # graphs and manifests of the models
STORED = SHARDS * SHARD + GRAPHS + Settings.keep_versions * sum(WEIGHTS)
USED_ROUTES, MODELS = 10, len(WEIGHTS)

type Line = tuple[str, float, str]  # what, how many, the price's name


def seconds(each: float, number: float = 1) -> float:
    """Return the GB-seconds that Lambda bills."""
    return number * each * MEMORY_GB


def api_calls(number: float, each_s: float, reads: float) -> list[Line]:
    """Return the lines of requests that reach a Lambda, through CloudFront and API Gateway."""
    return [
        ("requests, at CloudFront", number, "CloudFront, HTTPS request"),
        ("requests, at API Gateway", number, "API Gateway, request"),
        ("requests, at Lambda", number, "Lambda, request"),
        (f"Lambda, {1000 * each_s:.0f} ms each", seconds(each_s, number), "Lambda, GB-second, x86_64"),
        ("reads from S3", reads, "S3, GET"),
        ("logs", number * LOG / GB, "CloudWatch, GB of logs"),
    ]


def visit(trains: bool) -> list[Line]:
    """Return the lines of a first visit: the page, three calls of the API, and all shards if it trains."""
    shards = SHARDS if trains else 0
    size = SHELL + REST + QUICK + EXACT + shards * SHARD
    # GET /, weights twice. Shards come from CloudFront: they are fetched from the API once a year and place.
    return [
        ("bytes to the visitor", size / GB, "CloudFront, GB to the visitor"),
        ("files of the page", FILES, "CloudFront, HTTPS request"),
        ("choosing Brotli", FILES, "CloudFront Function, call"),
        *([("shards", shards, "CloudFront, HTTPS request")] if trains else []),
        *api_calls(3, P.get_s + WARM, 2),
        ("lists of models", 1, "S3, PUT or LIST"),
    ]


def predictions(number: int, stale: float) -> list[Line]:
    """Return the lines of predictions, so many of which find a pointer that was read over a second ago."""
    return [
        ("bytes to the visitor", number * ANSWER / GB, "CloudFront, GB to the visitor"),
        ("bytes to the API", number * TENSOR / GB, "CloudFront, GB to the API"),
        *api_calls(number, WARM + stale * P.get_s, stale * number),
    ]


def patches(number: int) -> list[Line]:
    """Return the lines of PATCHes that do not disturb each other."""
    taken = WARM + P.get_s * 2 + P.lesson_s + P.put_s * 2
    return [
        ("bytes to the API", number * TENSOR / GB, "CloudFront, GB to the API"),
        *api_calls(number, taken, 2 * number),
        ("versions and pointers written", 2 * number, "S3, PUT or LIST"),
        ("looking for old versions", number / PRUNED_EVERY, "S3, PUT or LIST"),
        ("what was replaced or removed, for 30 days", number * (EXACT + POINTER) / GB, "S3, GB and month"),
    ]


def lessons(number: int) -> list[Line]:
    """Return the lines of PATCHes that go through a stream, so many of which come within a second."""
    batches = number / TOGETHER
    taken = P.get_s + P.lesson_s + TOGETHER * P.step_s + 3 * P.put_s
    return [
        ("bytes to the API", number * TENSOR / GB, "CloudFront, GB to the API"),
        *(line for line in api_calls(number, WARM + PUT_LESSON_S, 0) if line[1]),
        ("records", number, "Kinesis, PUT"),
        (f"batches of {TOGETHER}, at Lambda", batches, "Lambda, request"),
        (f"the consumer, {1000 * taken:.0f} ms a batch", seconds(taken, batches), "Lambda, GB-second, x86_64"),
        ("pointers read", batches, "S3, GET"),
        ("versions, logs and pointers written", 3 * batches, "S3, PUT or LIST"),
        ("looking for old versions", batches / PRUNED_EVERY, "S3, PUT or LIST"),
        ("what was replaced or removed, for 30 days", batches * (EXACT + POINTER + LESSON_LOG) / GB,
         "S3, GB and month"),
    ]  # fmt: skip


def class_hour() -> list[Line]:
    """Return the lines of a class that learns `mlp-128` together for an hour, in a room and through a stream.

    A round of a tab takes the weights, asks who takes part, and sends its difference as int8, which fits the stream.
    """
    rounds, batches = CLASS * 3600 / ROUND_S, 3600.0
    each = rounds / batches
    asked = WARM + (3 * P.get_s + PUT_LESSON_S) / 3
    taken = P.lesson_s + P.get_s + 3 * P.put_s
    return [
        ("weights to the tabs", rounds * EXACT / GB, "CloudFront, GB to the visitor"),
        ("updates to the API", rounds * UPDATE / GB, "CloudFront, GB to the API"),
        *api_calls(3 * rounds, asked, 3 * rounds),
        ("records, 25 KB of them at a time", rounds * math.ceil(UPDATE / RECORD_UNIT), "Kinesis, PUT"),
        (f"batches of {each:.0f}, at Lambda", batches, "Lambda, request"),
        (f"the consumer, {1000 * taken:.0f} ms a batch", seconds(taken, batches), "Lambda, GB-second, x86_64"),
        ("pointers read", batches, "S3, GET"),
        ("versions, logs and pointers written", 3 * batches, "S3, PUT or LIST"),
        ("what was replaced or removed, for 30 days", batches * (EXACT + POINTER + LESSON_LOG) / GB,
         "S3, GB and month"),
    ]  # fmt: skip


def stream_month() -> list[Line]:
    """Return the lines that a stream adds to each month."""
    return [
        ("one shard", HOURS, "Kinesis, shard and hour"),
        ("alarms", conditional_alarms(), "CloudWatch, alarm and month"),
    ]


def conditional_alarms() -> int:
    """Return how many alarms a stage has only with a stream."""
    return sum(resource.get("Condition") == "StreamsLessons" and resource["Type"] == "AWS::CloudWatch::Alarm"
               for resource in stack("prod")["Resources"].values() if "Type" in resource)  # fmt: skip


def custom_metrics() -> int:
    """Return how many metrics CloudWatch bills: each name with each set of its dimensions' values."""
    values = {"route": USED_ROUTES, "model": MODELS}
    return sum(
        len(directive["Metrics"]) * math.prod(values.get(name, 1) for name in directive["Dimensions"][0])
        for directive in metrics.REQUEST + metrics.CHANGE + metrics.FAILED_RETRAINING
    )


def month() -> list[Line]:
    """Return the lines of a month in which hardly anybody comes."""
    return [
        ("stored", STORED / GB, "S3, GB and month"),
        (f"metrics, {USED_ROUTES} routes and {MODELS} models, if all are used every hour", custom_metrics(),
         "CloudWatch, metric and month"),
        ("alarms", len(alarms("prod")) - conditional_alarms(), "CloudWatch, alarm and month"),
    ]  # fmt: skip


def priced(lines: Sequence[Line]) -> str:
    """Return lines with their prices and their sum as a table."""
    rows: list[list[object]] = [
        [what, _number(amount), name, _dollars(amount * PRICES[name])] for what, amount, name in lines
    ]
    rows.append(["**together**", "", "", f"**{_dollars(total(lines))}**"])
    return table(("what", "how many", "at the price of", "US dollars"), rows)


def total(lines: Sequence[Line]) -> float:
    """Return what lines cost together."""
    return sum(amount * PRICES[name] for _, amount, name in lines)


TABLES = {
    "A thousand first visits that look and draw": [(w, 1000 * n, p) for w, n, p in visit(trains=False)],
    "A thousand first visits that train on all of MNIST": [(w, 1000 * n, p) for w, n, p in visit(trains=True)],
    "A million predictions, close together": predictions(1_000_000, stale=0.1),
    "A million predictions, spread over a month": predictions(1_000_000, stale=1.0),
    "A million PATCHes, one after the other": patches(1_000_000),
    "A million PATCHes through a stream, ten in a second": lessons(1_000_000),
    "An hour of a class of thirty that learns together": class_hour(),
    "A month of a stream with one shard": stream_month(),
    "A month in which hardly anybody comes": month(),
}


def _number(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 0.1 else f"{amount:.4f}"


def main() -> None:
    """Print the tables."""
    for title, lines in TABLES.items():
        print(f"{title}\n\n{priced(lines)}\n")


if __name__ == "__main__":
    main()
