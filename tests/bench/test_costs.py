"""What Scrawl costs: the docs quote what the program prints, and what it counts is what the code does."""

import json
import statistics
from pathlib import Path

import pytest

from bench import costs
from functions.storage.memory import MemoryStore
from functions.telemetry import metrics
from functions.weights import pruning
from functions.weights.versions import Metadata
from infra.cloudformation.template import parameters
from infra.dataset.sources import DigitSplits
from infra.page.site import LATER, OTHER_KERNELS, transfer_size
from infra.paths import ROOT
from tests.support.api import serving

pytestmark = pytest.mark.ci_only
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


def test_memory_and_pruning_are_those_deployed() -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    assert config["lambda_memory_size"] / 1024 == costs.MEMORY_GB
    assert pruning._EVERY == costs.PRUNED_EVERY


def test_quiet_month_leaves_most_of_the_budget() -> None:
    assert costs.total(costs.month()) < parameters()["MonthlyBudget"]["Default"] / 2


def test_every_metric_that_is_written_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.configure("prod")
    try:
        for number in range(costs.USED_ROUTES):
            metrics.observe(f"GET /{number}", 200, 0.00123, "9f1c2ab4-9f1c-9f1c-9f1c-9f1c2ab49f1c")
        for model in range(costs.MODELS):
            metrics.accuracy(
                Metadata(
                    model=f"mlp-{model}",
                    version="20261120T181502123-9f1c2ab4",
                    parent=None,
                    source="patch",
                    samples=1,
                    loss=0.1,
                    accuracy=0.98,
                    created_at="now",
                    restores=None,
                )
            )
        metrics.retraining_failed("mlp-128", "job")
    finally:
        metrics.configure(None)
    lines = capsys.readouterr().out.splitlines()
    assert len(set.union(*map(_billed, lines))) == costs.custom_metrics() == 20
    assert len(lines[0]) == pytest.approx(costs.METRICS_LINE, rel=0.05)


def _billed(text: str) -> set[tuple[str, ...]]:
    """Return what CloudWatch takes for metrics of their own: names with the values of their dimensions."""
    line = json.loads(text)
    return {
        (metric["Name"], *(line[name] for name in directive["Dimensions"][0]))
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }


def test_sizes_of_the_page_are_those_of_the_built_one(built: Path) -> None:
    compressed = {path.stem: path.stat().st_size for path in built.rglob("*.br")}
    rest = sum(compressed[name] for name in LATER if name not in OTHER_KERNELS)
    assert transfer_size(built) == pytest.approx(costs.SHELL, rel=0.05)
    assert rest == pytest.approx(costs.REST, rel=0.05)
    assert len(compressed) - len(OTHER_KERNELS) == costs.FILES


def test_sizes_of_answers_are_those_of_the_api(digits: DigitSplits, memory: MemoryStore) -> None:
    if digits.name != "mnist":
        pytest.skip("the docs tell sizes with MNIST, which MNIST_DIR names")
    shards = [len(memory.get(key).body) for key in memory.keys("data/") if key.endswith(".gz")]
    with serving(memory) as api:
        samples = api("POST", "/datablock", body={"block": 300}).json_body["data"]
        pictures = [{"tensor": sample["image"]} for sample in samples]
        answers = [api("POST", "/predict", body=picture) for picture in pictures[:9]]  # of which few have warnings
        measured = {
            "SHARD": statistics.mean(shards),
            "QUICK": len(api("GET", "/weights?precision=int6", headers={"Accept-Encoding": "gzip"}).body),
            "EXACT": len(api("GET", "/weights", headers={"Accept": "application/vnd.safetensors"}).body),
            "TENSOR": statistics.mean(len(json.dumps(picture)) for picture in pictures),
            "ANSWER": statistics.median(
                len(answer.body) + sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items())
                for answer in answers
            ),
            "GRAPHS": sum(len(memory.get(key).body) for key in memory.keys("models/")),
        }
        sizes = []
        for _ in range(1 + 16):  # some are measured in full, most are not, and say so
            lesson = {"data": samples[:1], "learning_rate": 0.001}
            assert api("PATCH", "/weights", body=lesson).status_code == 200
            sizes.append(len(memory.get("weights/mlp-128/current.json").body))
        measured["HISTORY"] = (sizes[-1] - sizes[0]) / 16
    assert {name: getattr(costs, name) for name in measured} == pytest.approx(measured, rel=0.05)
