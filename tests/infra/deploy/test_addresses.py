import pytest

from infra.deploy.addresses import api_address, own_address, say_where
from infra.deploy.cloudformation_stack import Stack
from tests.support.aws.aws_clients import AWS, HERE, Client, account

MISSING = "API for service 'cloudfront' not yet implemented or pro feature"


class Made(Stack):
    """A stack that was made."""

    def outputs(self) -> dict[str, str]:
        return {
            "EndpointURL": "https://a1b2c3.execute-api.us-east-1.amazonaws.com/api/",
            "DistributionDomain": "d1.cloudfront.net",
        }

    def physical(self, logical: str) -> str:
        return {"RestAPI": "a1b2c3", "CloudFrontKey": "k1", "Distribution": "E1"}[logical]


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        (AWS, "https://a1b2c3.execute-api.us-east-1.amazonaws.com/api"),
        (HERE, f"{HERE}/restapis/a1b2c3/api/_user_request_"),
    ],
)
def test_the_apis_own_address_is_api_gateways_or_the_emulators(endpoint: str, address: str) -> None:
    found = own_address(Made(account(apigateway=Client(endpoint)), "scrawl-prod"))
    assert (found.url, found.headers) == (address, {"x-api-key": "the key"})


def test_the_api_is_at_cloudfront_where_there_is_one_and_at_its_own_address_elsewhere() -> None:
    with_it = Made(account(cloudfront=Client(AWS), apigateway=Client(AWS)), "scrawl-prod")
    without = Made(account(cloudfront=Client(HERE, 501, MISSING)), "scrawl-prod")
    addresses = [api_address(stack) for stack in (with_it, without)]
    assert [found and found.url for found in addresses] == ["https://d1.cloudfront.net/api", own_address(without).url]


def test_a_deployment_without_cloudfront_ends_with_the_apis_own_address() -> None:
    lines: list[str] = []
    say_where(Made(account(), "scrawl-prod"), False, lines.append)
    assert "there is no CloudFront here" in lines[0]
    assert f"{HERE}/restapis/a1b2c3/api/_user_request_" in lines[1]
    assert "the key" not in "".join(lines)
    say_where(Made(account(), "scrawl-prod"), True, lines.append)
    assert lines[-1] == "Scrawl is on https://d1.cloudfront.net"
