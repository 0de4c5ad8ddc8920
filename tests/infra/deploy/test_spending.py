"""What an account allows is reserved, and that nobody would be told is said."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.spending import reserved_concurrency, warn_about_email

TEMPLATE = {"Parameters": {"ReservedConcurrency": {"Type": "Number", "Default": 0}}}


def account(total: int | None, unreserved: int | None = None) -> Account:
    """Return an account with limits of Lambdas at a time; without them, one whose credentials may not ask."""

    def get_account_settings() -> dict[str, Any]:
        if total is None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAccountSettings")
        return {"AccountLimit": {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": unreserved}}

    functions = SimpleNamespace(get_account_settings=get_account_settings)
    return Account("123456789012", "us-east-1", None, {"lambda": functions})


@pytest.mark.parametrize(
    ("limits", "reserved", "said"),
    [
        ((1000, 1000), {"ReservedConcurrency": "40"}, "At most 40 Lambdas"),
        ((1000, 139), {}, "at most 1000 Lambdas at a time: none are reserved"),
        ((10, 10), {}, "at most 10 Lambdas at a time: none are reserved"),
        ((None,), {}, "AccessDeniedException"),
    ],
)
def test_lambdas_are_reserved_where_the_account_has_room(
    limits: tuple[int | None, ...], reserved: dict[str, str], said: str
) -> None:
    lines: list[str] = []
    assert reserved_concurrency(account(*limits), TEMPLATE, {}, None, lines.append) == reserved
    assert said in lines[0]


def test_what_was_chosen_or_is_there_stays() -> None:
    lines: list[str] = []
    roomy = account(1000, 1000)
    assert reserved_concurrency(roomy, TEMPLATE, {"ReservedConcurrency": "0"}, None, lines.append) == {}
    assert reserved_concurrency(roomy, TEMPLATE, {}, {"StackName": "scrawl-prod"}, lines.append) == {}
    assert reserved_concurrency(roomy, {"Parameters": {}}, {}, None, lines.append) == {}
    assert not lines


@pytest.mark.parametrize(("address", "warnings"), [("", 1), ("someone@example.org", 0)])
def test_stack_whose_alarms_reach_nobody_is_pointed_out(address: str, warnings: int) -> None:
    lines: list[str] = []
    warn_about_email([{"ParameterKey": "AlarmEmail", "ParameterValue": address}], lines.append)
    assert len(lines) == warnings
