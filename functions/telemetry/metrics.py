"""Metrics in CloudWatch's embedded metric format: lines of JSON on standard output.

CloudWatch bills each metric for each set of dimensions. So only latency has the route as a dimension; errors and cold
starts are counted for the whole service, and every line has `route` and `status` to tell them apart. A line with two
sets of dimensions is more than aws-lambda-powertools can write. Locally there are no metrics, and the log has one
line per request, at level DEBUG.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

import orjson

from functions.weights.versions import Metadata

NAMESPACE, SERVICE = "Scrawl", "scrawl"
type Directive = dict[str, Any]  # which members of a line are metrics, and which their dimensions
log = logging.getLogger("scrawl")


def _directive(units: Mapping[str, str], *dimensions: str) -> Directive:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    return {"Namespace": NAMESPACE, "Dimensions": [["stage", "service", *dimensions]], "Metrics": metrics}


REQUEST = [
    _directive({"Latency": "Milliseconds"}, "route"),
    _directive({"Errors": "Count", "ClientErrors": "Count", "ColdStart": "Count"}),
]
CHANGE = [_directive({"Accuracy": "Percent", "Loss": "None"}, "model")]
FAILED_RETRAINING = [_directive({"RetrainFailed": "Count"})]
STALE = [_directive({"StaleSeconds": "Seconds"})]


class _State:
    """For which stage metrics are written, if at all, and whether this process has answered anything yet."""

    stage: str | None = None
    cold = True


def configure(stage: str | None) -> None:
    """Write metrics, as those of a stage; None: write none."""
    _State.stage = stage


def observe(route: str, status: int, seconds: float, request_id: str) -> None:
    """Record that a route was answered."""
    milliseconds = round(seconds * 1000, 3)
    cold, _State.cold = _State.cold, False
    log.debug("request", extra={"route": route, "status": status, "milliseconds": milliseconds})
    _write(
        REQUEST,
        route=route,
        status=status,
        request_id=request_id,
        Latency=milliseconds,
        Errors=int(status >= 500),
        ClientErrors=int(400 <= status < 500),
        ColdStart=int(cold),
    )


def accuracy(version: Metadata) -> None:
    """Record how good a model has become."""
    known = {"model": version.model, "version": version.version, "source": version.source}
    _write(CHANGE, **known, Accuracy=100 * version.accuracy, Loss=version.loss)


def retraining_failed(model: str, job: str) -> None:
    """Record that a retraining failed, and could report it."""
    _write(FAILED_RETRAINING, model=model, job=job, RetrainFailed=1)


def stale(version: Metadata, seconds: float) -> None:
    """Record that predictions use weights that were last known to be current so many seconds ago."""
    _write(STALE, model=version.model, version=version.version, StaleSeconds=round(seconds, 1))


def _write(directives: list[Directive], **members: str | float) -> None:
    """Write a line with the members that the directives name."""
    if _State.stage is None:
        return
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives}
    line = {"_aws": about, "stage": _State.stage, "service": SERVICE} | members
    # One write, so that lines of several threads do not mix.
    print(orjson.dumps(line).decode() + "\n", end="", flush=True)
