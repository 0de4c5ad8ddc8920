"""Metrics, as CloudWatch's embedded metric format wants them: lines of JSON on standard output, made by powertools.

Per route: latency, errors, cold starts. Per model: accuracy. Locally there are none; the log has one line per
request, at level DEBUG. What is logged otherwise is left to whoever knows of it.
"""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import orjson

from functions import logs
from functions.versions import Metadata

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
    from chalice.app import Request, Response

NAMESPACE = "Scrawl"
log = logging.getLogger("scrawl")


class _State:
    """Whether metrics are wanted, and whether this process has answered anything yet."""

    wanted = False
    cold = True


def configure(wanted: bool) -> None:
    """Say whether metrics are to be written."""
    _State.wanted = wanted


def middleware(request: "Request", get_response: "Callable[[Request], Response]") -> "Response":
    """Measure a request, and name it in every line that is logged for it."""
    context = request.context or {}
    request_id = context.get("requestId") or secrets.token_hex(8)  # only API Gateway gives one
    start = time.perf_counter()
    status = 500
    with logs.request(request_id):
        try:
            response = get_response(request)
            status = response.status_code
            return response
        finally:
            route = f"{request.method} {context.get('resourcePath') or request.path}"
            observe(route, status, time.perf_counter() - start, request_id)


def observe(route: str, status: int, seconds: float, request_id: str) -> None:
    """Record that a route was answered."""
    milliseconds = round(seconds * 1000, 3)
    cold, _State.cold = _State.cold, False
    log.debug("request", extra={"route": route, "status": status, "milliseconds": milliseconds})
    if _State.wanted:
        counts = {"Errors": status >= 500, "ClientErrors": 400 <= status < 500, "ColdStart": cold}
        values = {"Latency": ("Milliseconds", milliseconds)} | {n: ("Count", float(v)) for n, v in counts.items()}
        _write({"route": route}, values, {"status": status, "request_id": request_id})


def accuracy(version: Metadata) -> None:
    """Record how good a model has become."""
    if _State.wanted:
        values = {"Accuracy": ("Percent", 100 * version.accuracy), "Loss": ("None", version.loss)}
        _write({"model": version.model}, values, {"version": version.version, "source": version.source})


def _write(
    dimensions: Mapping[str, str], values: Mapping[str, tuple[str, float]], known: Mapping[str, object]
) -> None:
    line = _provider()
    for name, value in dimensions.items():
        line.add_dimension(name, value)
    for name, (unit, number) in values.items():
        line.add_metric(name, unit, number)
    for name, fact in known.items():
        line.add_metadata(name, fact)
    # One write, so that lines of several threads do not mix.
    print(orjson.dumps(line.serialize_metric_set()).decode() + "\n", end="", flush=True)


def _provider() -> "AmazonCloudWatchEMFProvider":
    """Return a set of metrics of its own: powertools' usual one is shared by all threads."""
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

    return AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="scrawl")
