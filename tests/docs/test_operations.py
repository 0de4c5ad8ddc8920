"""docs/operations.md: what it names is what there is, and its program for restoring a bucket restores one."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from infra.cloudformation.template import alarms, stack
from infra.paths import ROOT
from tests.conftest import copy
from tests.support.api import BUCKET, serving

DOCS = (ROOT / "docs" / "operations.md").read_text("utf-8")
REFUSALS = stack("prod")["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]
RESTORE = re.search(r"```python\n(.*?)```", DOCS, re.DOTALL)
SOURCES = "".join(path.read_text("utf-8") for path in (ROOT / "functions").rglob("*.py"))


def found(pattern: str) -> list[str]:
    """Return what is found in the API's sources."""
    names = sorted(set(re.findall(pattern, SOURCES)))
    assert names
    return names


@pytest.mark.parametrize("message", found(r"log\.(?:debug|info|warning|error|exception)\(\s*\"([^\"]+)\""))
def test_every_message_of_the_log_is_explained(message: str) -> None:
    assert f"`{message}`" in DOCS


@pytest.mark.parametrize(
    "metric", found(r"\"(Latency|Errors|ClientErrors|ColdStart|RetrainFailed|StaleSeconds|Accuracy|Loss)\":")
)
def test_every_metric_is_explained(metric: str) -> None:
    assert f"| `{metric}` |" in DOCS


@pytest.mark.parametrize("alarm", alarms("prod"))
def test_every_alarm_says_what_to_do(alarm: str) -> None:
    assert f"`{alarm}`" in DOCS


@pytest.mark.parametrize("code", found(r"error_answer\(\d+, \"(\w+)\"") + found(r"HttpError\(\d+, \"(\w+)\""))
def test_every_error_of_the_api_is_explained(code: str) -> None:
    assert f"`{code}`" in DOCS or code in ("unsupported_media_type", "method_not_allowed")


@pytest.mark.parametrize("refusal", [name for name in REFUSALS if not name.startswith("DEFAULT")])
def test_every_refusal_of_api_gateway_is_explained(refusal: str) -> None:
    error = json.loads(REFUSALS[refusal]["ResponseTemplates"]["application/json"])["error"]
    assert f"`{error['code']}`" in DOCS


def test_sections_that_are_pointed_to_exist() -> None:
    for name in re.findall(r"\]\(([^)]+)\)", DOCS):
        file, _, section = name.partition("#")
        path = ROOT / "docs" / (file or "operations.md")
        if file == "deploy.md" or file.startswith("https://"):
            continue
        headings = [
            line.lstrip("# ").lower() for line in path.read_text("utf-8").splitlines() if line.startswith("#")
        ]
        assert not section or section in [re.sub(r"[^a-z0-9 -]", "", h).replace(" ", "-") for h in headings], name


def test_program_brings_back_weights_that_were_deleted_and_overwritten(
    empty_bucket: S3Store, seeded: MemoryStore, s3_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 20, 18, tzinfo=UTC)
    monkeypatch.setattr("moto.s3.models.utcnow", lambda: now.replace(tzinfo=None))  # as moto has it
    s3_client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    copy(seeded, empty_bucket)
    now += timedelta(seconds=1)  # to which S3 tells times
    with serving(empty_bucket) as api:
        good = _taught(api)
        now += timedelta(seconds=1)
        then = now
        now += timedelta(seconds=1)
        _taught(api)
    empty_bucket.delete(f"weights/mlp-128/{good}.safetensors", "weights/conv-32-64/current.json")
    empty_bucket.put("weights/mlp-128/current.json", b"damaged")

    for name, value in {"BUCKET": BUCKET, "PREFIX": "weights/", "THEN": then.isoformat()}.items():
        monkeypatch.setenv(name, value)
    assert RESTORE is not None
    exec(RESTORE[1], {})

    with serving(empty_bucket) as api:
        assert api.version == good
        assert api("POST", "/predict", body={"tensor": [0.5] * 784}).status_code == 200
        assert api("GET", "/weights?model=conv-32-64").status_code == 200
        assert _taught(api) != good


def _taught(api: Any) -> str:
    sample = api("GET", "/data").json_body
    answer = api("PATCH", "/weights", body=sample)
    assert answer.status_code == 200, answer.body
    return str(answer.json_body["version"])
