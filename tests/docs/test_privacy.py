"""What docs/privacy.md says about how long things are kept is what the template and the code do."""

import math
import re
from typing import Any

import pytest
from scrawl.together import local_round

from functions.api.update_requests import FEWEST_SAMPLES
from functions.rooms import rooms
from functions.weights.contributions import REMEMBERED
from infra.cloudformation import template as stack_template
from infra.paths import ROOT, SITE
from model_export.architectures import ARCHITECTURES, parameter_table

TEXT = (ROOT / "docs" / "privacy.md").read_text("utf-8")


def row(start: str) -> str:
    """Return the row of the table about something."""
    (found,) = (line for line in TEXT.splitlines() if line.startswith(f"| {start}"))
    return found


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return stack_template.stack("prod")


@pytest.fixture(scope="module")
def days(template: dict[str, Any]) -> dict[str, int]:
    """Return prefix → days until the bucket removes what is below it; "" for what was overwritten or removed."""
    rules = template["Resources"]["DataBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    found = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    (older,) = (
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules if rule["Id"] == "OldObjectsEnd"
    )
    return found | {"": older}


def test_lessons_on_a_stream(template: dict[str, Any], days: dict[str, int]) -> None:
    hours = template["Resources"]["LessonStream"]["Properties"]["RetentionPeriodHours"]
    assert hours == 24
    expected = (
        f"a day on the stream, {days['lessons/']} days in the bucket, {days['aws/lambda/']} days where they were"
    )
    assert expected in row("digits sent with `PATCH /weights`")


def test_rooms(days: dict[str, int]) -> None:
    longest = rooms.MOST_HOURS // 24
    told = row("a room |")
    assert f"after {rooms.HOURS} hours unless it was opened for longer, at most {longest} days" in told
    assert f"{days['']} more days in a versioned bucket" in told
    assert days["rooms/"] > longest  # the bucket removes what the API could not, and nothing before
    assert "session storage" in row("the code of the room")
    assert "sessionStorage.setItem(KEY" in (SITE / "scrawl" / "together" / "remembered_room.py").read_text("utf-8")


def test_weights_jobs_and_logs(days: dict[str, int]) -> None:
    assert f"{days['']} more days in a versioned bucket" in row("weights of all visitors")
    assert f"{days['jobs/']} days" in row("retrainings")
    kept = stack_template.parameters()["LogRetention"]["Default"]
    assert f"{kept} days, or what `LogRetention` says" in row("log lines")


def test_updates() -> None:
    assert f"for {REMEMBERED} versions" in row("updates")
    assert FEWEST_SAMPLES == local_round.FEWEST_DIGITS
    assert f"from at least {FEWEST_SAMPLES} digits" in TEXT


def test_noise_of_updates_is_as_long_as_the_page_says_and_proves_as_little() -> None:
    assert f"at least {local_round.FEWEST_DIGITS} digits, shortened to a length of {local_round.LONGEST:g}" in TEXT
    assert f"noise of length {local_round.NOISE * local_round.LONGEST:g}" in TEXT
    weights = sum(math.prod(shape) for _, shape in parameter_table(ARCHITECTURES["mlp-128"].layers))
    deviation = local_round.NOISE / math.sqrt(weights)  # of each weight's noise, as a part of the longest update
    assert f"the {weights:,} weights of `mlp-128` the noise is {deviation * local_round.LONGEST:.4f}" in TEXT
    # Of the Gaussian mechanism, by Rényi's way: 1 / 2σ² + √(2 ln 1/δ) / σ
    epsilon = 1 / (2 * deviation**2) + math.sqrt(2 * math.log(1e5)) / deviation
    assert round(epsilon, -6) == 5_000_000
    assert "an ε of five million (δ 0.00001)" in TEXT
    pause = int(re.findall(r"^PAUSE = (\d+)", (SITE / "scrawl/together/learning_rounds.py").read_text(), re.M)[0])
    assert f"up to {3_600_000 // pause} an hour" in TEXT
