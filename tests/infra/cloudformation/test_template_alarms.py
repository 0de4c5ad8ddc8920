"""The template's alarms look at what the API writes."""

import json
from typing import Any

import pytest

from functions.telemetry import metrics
from functions.weights.versions import Metadata
from infra.cloudformation import template
from infra.cloudformation.template import Json
from tests.support.aws.stack_template import properties


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> set[tuple[Any, ...]]:
    """Return what the API writes on a stage called trial: namespace/name of each metric, and its dimensions."""
    metrics.configure("trial")
    try:
        metrics.observe("GET /", 500, 0.1, "id")
        for model in ("mlp-128", "mlp-128-64", "conv-32-64"):
            version = Metadata(
                model=model,
                version="v",
                parent=None,
                source="test",
                samples=0,
                loss=0.1,
                accuracy=0.97,
                created_at="2026-01-01T00:00:00Z",
                restores=None,
            )
            metrics.accuracy(version)
            metrics.stale(version, 61)
        metrics.retraining_failed("mlp-128", "job")
    finally:
        metrics.configure(None)
    return {
        (f"{directive['Namespace']}/{metric['Name']}", *sorted((n, line[n]) for n in directive["Dimensions"][0]))
        for line in map(json.loads, capsys.readouterr().out.splitlines())
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }


def test_alarms_look_at_what_the_api_writes_on_their_own_stage(written: set[tuple[Any, ...]]) -> None:
    own = [alarm for alarm in template.alarms("trial").values() if alarm["Namespace"] == metrics.NAMESPACE]
    assert len(own) == 5
    watched = {
        (
            f"{alarm['Namespace']}/{alarm['MetricName']}",
            *sorted((dimension["Name"], dimension["Value"]) for dimension in alarm["Dimensions"]),
        )
        for alarm in own
    }
    assert watched <= written
    assert all(("stage", "trial") in metric for metric in written)


def test_alarm_on_accuracy_lasts_until_there_is_news(sam: Json) -> None:
    kept = {name for name in template.alarms("prod") if properties(sam, name)["TreatMissingData"] == "ignore"}
    assert kept == {"Mlp128Bad", "Mlp12864Bad", "Conv3264Bad"}
    others = {properties(sam, name)["TreatMissingData"] for name in template.alarms("prod") if name not in kept}
    assert others == {"notBreaching"}
