"""The deployed API as a client without CloudFront reaches it: through the emulator's API Gateway.

LocalStack skips `*/*` among the binary media types, so the types are named to it here, and the API is deployed again;
it looks only at the first type of Accept. Everything else about the API is the template's.
"""

from dataclasses import dataclass
from typing import Any

import requests

from infra.deploy.addresses import own_address
from infra.deploy.cloudformation_stack import Stack

BINARY = ("application/*", "image/*", "text/*")
PATIENCE = 120  # seconds; a cold start on a busy machine


@dataclass(frozen=True)
class Gateway:
    """The API's address, the key of its usage plan, and the token for writing."""

    url: str
    headers: dict[str, str]

    def __call__(self, method: str, path: str, *statuses: int, **request: Any) -> requests.Response:
        """Send a request and see that it is answered with one of the statuses, 200 if none is named."""
        headers = self.headers | {"Accept": "application/json, */*;q=0.5"} | request.pop("headers", {})
        answer = requests.request(method, self.url + path, headers=headers, timeout=PATIENCE, **request)
        if answer.status_code not in (statuses or (200,)):
            raise AssertionError(
                f"{method} {path}: expected {statuses or 200}, came {answer.status_code}: {answer.text[:500]}"
            )
        return answer


def gateway(stack: Stack, token: str) -> Gateway:
    """Name the binary types to the emulator, and return the API."""
    client = stack.account.client("apigateway")
    api = stack.physical("RestAPI")
    named = [{"op": "add", "path": f"/binaryMediaTypes/{name.replace('/', '~1')}"} for name in BINARY]
    client.update_rest_api(restApiId=api, patchOperations=named)
    client.create_deployment(restApiId=api, stageName="api")
    address = own_address(stack)
    return Gateway(address.url, address.headers | {"Authorization": f"Bearer {token}"})
