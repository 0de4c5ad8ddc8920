"""Which values a stack's parameters get."""

import pytest

from infra.deploy.cloudformation_stack import Json
from infra.deploy.stack_parameters import origin_secret

TEMPLATE = {"Parameters": {"OriginSecret": {"Type": "String", "NoEcho": True}}}
HAS = {"Parameters": [{"ParameterKey": "OriginSecret", "ParameterValue": "****"}]}
HAS_NOT = {"Parameters": [{"ParameterKey": "WriteToken", "ParameterValue": "****"}]}


@pytest.mark.parametrize("stack", [None, HAS_NOT])
def test_secret_between_cloudfront_and_the_api_is_made_up_for_a_stack_without_one(stack: Json | None) -> None:
    first, second = (origin_secret(TEMPLATE, stack, {})["OriginSecret"] for _ in range(2))
    assert first != second
    assert 32 <= len(first) <= 128


def test_secret_stays_unless_the_environment_names_another() -> None:
    assert origin_secret(TEMPLATE, HAS, {}) == {}
    assert origin_secret(TEMPLATE, HAS, {"SCRAWL_ORIGIN_SECRET": "mine"}) == {"OriginSecret": "mine"}


def test_template_without_cloudfront_gets_no_secret() -> None:
    assert origin_secret({"Parameters": {}}, None, {}) == {}
