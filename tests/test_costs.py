"""What Scrawl costs: the docs quote what the program prints, and what it counts is what the code does."""

import json
from pathlib import Path

import pytest

from bench import costs
from functions import metrics, pruning
from functions.versions import Metadata
from infra.cloudformation.watch import ALARMS

ROOT = Path(__file__).parents[1]
SCALE = (ROOT / "docs" / "scale.md").read_text("utf-8")


@pytest.mark.parametrize("title", costs.TABLES)
def test_docs_quote_what_is_computed(title: str) -> None:
    assert costs.priced(costs.TABLES[title]) in SCALE


def test_docs_say_where_each_price_is_from() -> None:
    for name in costs.PRICES:
        assert f"| {name} |" in SCALE, name


def test_sum_is_that_of_the_lines() -> None:
    lines = [("a", 2e6, "API Gateway, request"), ("b", 10.0, "CloudFront, GB to the visitor")]
    assert costs.total(lines) == pytest.approx(7.85)
    assert costs.priced(lines).endswith("| **together** |  |  | **7.85** |")


def test_memory_and_alarms_are_those_deployed() -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    assert config["lambda_memory_size"] / 1024 == costs.MEMORY_GB
    assert len(ALARMS) == costs.ALARMS
    assert pruning._OFTEN == costs.PRUNED_EVERY


def test_metrics_are_as_many_as_are_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics._State, "wanted", True)
    metrics.observe("POST /predict", 200, 0.00123, "9f1c2ab4-9f1c-9f1c-9f1c-9f1c2ab49f1c")
    metrics.accuracy(Metadata("mlp-128", "20261120T181502123-9f1c2ab4", None, "patch", 1, 0.1, 0.98, "now"))
    route, model = capsys.readouterr().out.splitlines()
    assert _names(route) == {"Latency", "Errors", "ClientErrors", "ColdStart"}
    assert len(_names(route)) == costs.METRICS_PER_ROUTE
    assert len(_names(model)) == costs.METRICS_PER_MODEL
    assert len(route) <= 1.1 * costs.METRICS_LINE


def _names(line: str) -> set[str]:
    (directive,) = json.loads(line)["_aws"]["CloudWatchMetrics"]
    return {metric["Name"] for metric in directive["Metrics"]}
