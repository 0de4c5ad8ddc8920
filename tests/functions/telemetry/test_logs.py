"""What is logged and measured, read as it is written: JSON and CloudWatch's embedded metrics, or lines for people."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions import wiring
from functions.storage.memory import MemoryStore
from functions.telemetry import logs, metrics
from tests.support.api import BUCKET, Api

log = logging.getLogger("scrawl")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the logger and the metrics as other tests expect them."""
    handlers, level, propagate = log.handlers[:], log.level, log.propagate
    yield
    log.handlers[:], log.propagate = handlers, propagate
    log.setLevel(level)
    metrics.configure(None)


@pytest.fixture
def deploy(memory: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Api]]:
    """Return what makes the API as a deployed stage does from its environment, except that its store is in memory.

    The test calls it, since the log is written to what is standard output at that time.
    """
    monkeypatch.setattr(wiring, "S3Store", lambda *_: memory)
    for name, value in {"BUCKET": BUCKET, "STAGE": "prod", "WRITE_TOKEN": "t"}.items():
        monkeypatch.setenv(f"SCRAWL_{name}", value)
    monkeypatch.setattr(metrics._State, "cold", True)

    def made() -> Api:
        wiring.use(wiring.from_environment())
        return Api(wiring.service())

    yield made
    wiring.use(None)


def lines(text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the metrics and the log lines in what was written."""
    found = [json.loads(line) for line in text.splitlines()]
    return [line for line in found if "_aws" in line], [line for line in found if "_aws" not in line]


def taught(api: Api) -> dict[str, Any]:
    body = {"data": [{"target": 1, "image": [0] * 784}]}
    answer = api("PATCH", "/weights", body=body, headers={"Authorization": "Bearer t"})
    return dict(answer.json_body)


def test_every_request_is_measured(deploy: Callable[[], Api], capsys: pytest.CaptureFixture[str]) -> None:
    deployed = deploy()
    deployed("POST", "/predict", body={"tensor": [0] * 784})
    deployed("GET", "/datablock/train/99")
    measured, _ = lines(capsys.readouterr().out)
    assert [line["route"] for line in measured] == ["POST /predict", "GET /datablock/{split}/{index}"]
    for line in measured:
        per_route, whole = line["_aws"]["CloudWatchMetrics"]
        assert per_route["Dimensions"] == [["stage", "service", "route"]]
        assert per_route["Metrics"] == [{"Name": "Latency", "Unit": "Milliseconds"}]
        assert whole["Dimensions"] == [["stage", "service"]]
        assert [metric["Name"] for metric in whole["Metrics"]] == ["Errors", "ClientErrors", "ColdStart"]
        assert (line["stage"], line["service"]) == ("prod", "scrawl")
        assert line["Latency"] > 0
        assert line["request_id"]
    assert [line["ColdStart"] for line in measured] == [1, 0]
    assert [line["ClientErrors"] for line in measured] == [0, 1]
    assert [line["status"] for line in measured] == [200, 404]


def test_failures_and_refused_methods_are_measured_too(
    deploy: Callable[[], Api], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = deploy()
    monkeypatch.setattr(deployed.service.dataset, "sample", lambda *_: 1 / 0)
    deployed("GET", "/data")
    deployed("PUT", "/data")
    measured, logged = lines(capsys.readouterr().out)
    assert measured[0]["Errors"] == 1
    (unhandled,) = (line for line in logged if line["message"] == "unhandled")
    assert unhandled["exception_name"] == "ZeroDivisionError"
    assert unhandled["request_id"] == measured[0]["request_id"]


def test_change_is_logged_with_its_accuracy_and_measured_per_model(
    deploy: Callable[[], Api], capsys: pytest.CaptureFixture[str]
) -> None:
    deployed = deploy()
    made = taught(deployed)
    measured, logged = lines(capsys.readouterr().out)
    (accuracy,) = (line for line in measured if "Accuracy" in line)
    assert (accuracy["model"], accuracy["version"]) == ("mlp-128", made["version"])
    assert accuracy["Accuracy"] == pytest.approx(100 * made["accuracy"])
    (published,) = (line for line in logged if line["message"] == "weights published")
    assert (published["level"], published["service"], published["source"]) == ("INFO", "scrawl", "patch")
    assert published["accuracy"] == made["accuracy"]
    assert published["request_id"] == measured[-1]["request_id"]
    (data,) = (line for line in logged if line["message"] == "dataset found")
    assert (data["train"], data["test"]) == (3000, 2000)


def test_lines_of_metrics_are_as_cloudwatch_specifies_them(
    deploy: Callable[[], Api], capsys: pytest.CaptureFixture[str]
) -> None:
    taught(deploy())
    metrics.retraining_failed("mlp-128", "job")
    measured, _ = lines(capsys.readouterr().out)
    assert len(measured) == 3
    for line in measured:
        assert abs(line["_aws"]["Timestamp"] - 1000 * time.time()) < 60_000
        for directive in line["_aws"]["CloudWatchMetrics"]:
            assert directive.keys() == {"Namespace", "Dimensions", "Metrics"}
            assert all(isinstance(line[name], str) for dimensions in directive["Dimensions"] for name in dimensions)
            assert all(type(line[metric["Name"]]) in (int, float) for metric in directive["Metrics"])
            assert {metric["Unit"] for metric in directive["Metrics"]} <= {"Count", "Milliseconds", "None", "Percent"}


def test_retraining_that_fails_in_order_is_measured(
    deploy: Callable[[], Api], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = deploy()
    monkeypatch.setattr(deployed.service._launcher, "start", lambda *_: None)
    job = deployed("DELETE", "/weights", headers={"Authorization": "Bearer t"}).json_body["job"]
    monkeypatch.setattr(deployed.service, "model", lambda _: 1 / 0)
    assert deployed.service.run_job(job["id"]).state == "failed"
    measured, _ = lines(capsys.readouterr().out)
    (failed,) = (line for line in measured if "RetrainFailed" in line)
    assert (failed["RetrainFailed"], failed["model"], failed["job"]) == (1, "mlp-128", job["id"])


def test_clearing_the_weights_is_logged_with_what_does_it(
    deploy: Callable[[], Api], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = deploy()
    monkeypatch.setattr(deployed.service._launcher, "start", lambda *_: None)
    before = deployed.version
    job = deployed("DELETE", "/weights", headers={"Authorization": "Bearer t"}).json_body["job"]
    _, logged = lines(capsys.readouterr().out)
    (cleared,) = (line for line in logged if line["message"] == "weights cleared")
    assert (cleared["model"], cleared["version"], cleared["job"]) == ("mlp-128", before, job["id"])
    assert cleared["by"] == "DELETE /weights"


def test_level_comes_from_the_environment(
    memory: MemoryStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wiring, "S3Store", lambda *_: memory)
    for name, value in {"SCRAWL_BUCKET": BUCKET, "SCRAWL_LOG_FORMAT": "json", "LOG_LEVEL": "warning"}.items():
        monkeypatch.setenv(name, value)
    wiring.from_environment()
    log.info("unheard of")
    log.warning("heard of")
    _, logged = lines(capsys.readouterr().out)
    assert [line["message"] for line in logged] == ["heard of"]


def test_lines_for_people_are_short_and_single(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", logs.PRETTY)
    with logs.request("0123456789"):
        log.info("weights published", extra={"model": "mlp-128", "loss": 0.123456, "parent": None})
        log.warning("damaged", extra={"error": "two words\nand another line"})
        log.debug("not asked for")
    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert first[8:] == " weights published model=mlp-128 loss=0.1235 request=01234567"
    assert second[8:] == r" WARNING damaged error='two words\nand another line' request=01234567"


def test_traceback_follows_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", logs.PRETTY)
    try:
        raise ValueError("inside")
    except ValueError:
        log.exception("it failed")
    assert capsys.readouterr().err.splitlines()[-1] == "ValueError: inside"


def test_metrics_are_not_written_locally(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api("GET", "/data")
    assert capsys.readouterr().out == ""


def test_line_in_json_has_the_members_that_cloudwatch_knows(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", logs.JSON)
    with logs.request("0123456789"):
        try:
            raise ValueError("inside")
        except ValueError:
            log.exception("it failed", extra={"model": "m", "parent": None, "key": Path("x")})
    (line,) = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    names = ["level", "location", "message", "timestamp", "service", "model", "key", "request_id"]
    assert list(line) == [*names, "exception", "exception_name"]
    assert (line["level"], line["message"], line["key"], line["request_id"]) == (
        "ERROR",
        "it failed",
        "x",
        "0123456789",
    )
    assert line["location"].startswith("test_line_in_json_has_the_members_that_cloudwatch_knows:")
    assert line["timestamp"].endswith("+00:00")
    assert line["exception"].endswith("ValueError: inside")
    assert line["exception_name"] == "ValueError"


def test_trace_that_lambda_names_is_in_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    logs.configure("INFO", logs.JSON)
    log.info("traced")
    assert json.loads(capsys.readouterr().out)["xray_trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"
