"""What a Lambda loads before it answers: nothing that costs a cold start and is not needed for every request."""

import json
import subprocess
import sys
from typing import Any

from functions.jobs.launchers import ThreadLauncher
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from infra.paths import ROOT
from tests.conftest import copy
from tests.support.meeting import MeetingStore

NEEDLESS = (
    "PIL",
    "boto3",
    "functions.api.docs_page",
    "functions.api.openapi",
    "multiprocessing",
    "numpy.random",
    "onnx",
    "s3transfer",
)


def after(program: str) -> Any:
    """Return what a program prints as JSON that starts with importing what Chalice names as the Lambda's entry."""
    command = [sys.executable, "-c", f"import app, json, sys\n{program}"]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def test_nothing_needless_is_imported() -> None:
    loaded = after("print(json.dumps(sorted(sys.modules)))")
    assert "onnxruntime" in loaded
    assert not set(NEEDLESS) & set(loaded)


def test_no_request_waits_while_everything_imported_is_looked_through_for_garbage() -> None:
    enabled, frozen = after("import gc; print(json.dumps([gc.isenabled(), gc.get_freeze_count()]))")
    assert enabled
    assert frozen > 10_000


def test_models_are_read_at_the_same_time(seeded: MemoryStore) -> None:
    store = MeetingStore("models/*/manifest.json", 3)
    copy(seeded, store)
    service = Service(Settings("b"), store, ThreadLauncher())
    service.warm_up()  # raises when the readers do not meet
