"""The running stack keeps to what /openapi.json says of it: schemathesis asks every operation, rightly and wrongly.

What it sends is made from the document: examples, the edges of each schema, what is just beyond them, and random
values. No answer may be a 5xx, of a status, media type, header or shape that is not described, or accept what the
document forbids; writing without the token is refused. The stack is its own, so that nothing needs to be left out:
what is stored, taught and forgotten there disturbs nobody.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import CacheConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from functions.api import openapi
from tests.support.servers.running_stack import RunningStack

TOKEN = "contract"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
RANDOM_CASES = 6 if os.environ.get("CI") else 3  # of each operation, beside those that the document's schemas suggest
# A schema cannot say what makes text an image, or which names are those of models: such requests are rightly refused.
EXCLUDED = [positive_data_acceptance]

DOCUMENT = openapi.document("/api", token_needed=True)
schemathesis.serializer.alias("application/vnd.safetensors", "application/octet-stream")
CONFIG = schemathesis.Config(seed=1, cache=CacheConfig(enabled=False))  # the same requests every time
# Made where the test runs: to think of the requests takes seconds, which each of pytest's workers would spend.
schema = schemathesis.pytest.from_fixture("described")


def the_same_every_time(random_cases: int) -> settings:
    """Return Hypothesis' settings: what the schemas suggest, and so many random cases, neither stored nor shrunk."""
    return settings(
        max_examples=random_cases,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def described(request: pytest.FixtureRequest) -> schemathesis.BaseSchema:
    """Return what the document describes."""
    request.node._nodeid = request.node.nodeid  # a name that pytest gave up with 9.2; schemathesis 4.32 still uses it
    return schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, small_seeded_folder: Path) -> Iterator[RunningStack]:
    """Run a stack with few digits, short retrainings and a token."""
    data = tmp_path_factory.mktemp("contract")
    running = RunningStack(data, copy_of=small_seeded_folder, TRAIN_ITER="5", SCRAWL_WRITE_TOKEN=TOKEN)
    yield running
    running.stop()
    assert "Traceback" not in running.output


def test_stack_serves_the_document(stack: RunningStack) -> None:
    assert requests.get(f"{stack.url}/api/openapi.json", timeout=30).json() == DOCUMENT


@schema.parametrize()
@the_same_every_time(RANDOM_CASES)
def test_operations_keep_to_their_description(case: Any, stack: RunningStack) -> None:
    case.call_and_validate(base_url=f"{stack.url}/api", headers=AUTHORIZED, excluded_checks=EXCLUDED, timeout=60)
