"""Where a stage answers: CloudFront's address, or the API's own where there is no CloudFront, as in an emulator.

`infra.deploy.aws_errors` recognises a service that an emulator lacks.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.aws_errors import is_missing
from infra.deploy.cloudformation_stack import Stack
from infra.output import Say

_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass(frozen=True)
class Address:
    """Where the API is, without a slash at the end, and what CloudFront adds to each request, if it is not there."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def has_cloudfront(stack: Stack) -> bool:
    """Return whether CloudFront answers for the stack: emulators may take its resources without making them."""
    try:
        stack.account.client("cloudfront").get_distribution(Id=stack.physical("Distribution"))
    except ClientError as error:
        if is_missing(error):
            return False
        raise
    return True


def api_address(stack: Stack) -> Address | None:
    """Return where the stack's API answers; None when the stack does not tell."""
    outputs = stack.outputs()
    if "DistributionDomain" not in outputs:
        return None
    if has_cloudfront(stack):
        return Address(f"https://{outputs['DistributionDomain']}/api")
    return own_address(stack)


def own_address(stack: Stack) -> Address:
    """Return API Gateway's own address, and the key that it wants of all who do not come through CloudFront."""
    client = stack.account.client("apigateway")
    key = client.get_api_key(apiKey=stack.physical("CloudFrontKey"), includeValue=True)["value"]
    return Address(_own_url(stack.account, stack.physical("RestAPI"), stack.outputs()), {"x-api-key": key})


def say_where(stack: Stack, cloudfront: bool, say: Say) -> None:
    """Say where Scrawl is."""
    outputs = stack.outputs()
    if cloudfront:
        if "DistributionDomain" in outputs:
            say(f"Scrawl is on https://{outputs['DistributionDomain']}")
        return
    key = stack.physical("CloudFrontKey")
    say("NOTICE: there is no CloudFront here, so nothing serves the page; it is in its bucket all the same")
    say(f"The API is on {own_address(stack).url}, for requests with the header x-api-key, whose value is printed by")
    say(f"  aws apigateway get-api-key --api-key {key} --include-value --query value --output text")


def _own_url(account: Account, api: str, outputs: dict[str, str]) -> str:
    endpoint = account.client("apigateway").meta.endpoint_url
    if str(urlsplit(endpoint).hostname).endswith(_OF_AWS):
        return outputs["EndpointURL"].rstrip("/")
    stage = outputs["EndpointURL"].rstrip("/").rpartition("/")[2]
    return f"{endpoint.rstrip('/')}/restapis/{api}/{stage}/_user_request_"  # as emulators have it
