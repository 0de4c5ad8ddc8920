"""The events that API Gateway's REST API sends to a Lambda, with every member that it fills.

`*/*` being a binary media type, a body comes in base64; `text=True` is one of an API without binary types, such as a
plain emulator's or the console's "Test" button, whose headers are null when none are typed in.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

JSON = "application/json"
TOKEN = "secret-of-the-tests"


def event(
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    resource: str | None = None,
    text: bool = False,
    multi: bool = True,
) -> dict[str, Any]:
    """Return the event of a request; `resource` is the route, such as `/jobs/{job}`, `path` may have a query."""
    path, _, query = path.partition("?")
    resource = resource or path
    queries = parse_qsl(query, keep_blank_values=True)
    sent = None if body is None else body.decode() if text else base64.b64encode(body).decode()
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers) if headers is not None else None,
        "multiValueHeaders": {name: [value] for name, value in headers.items()} if headers and multi else None,
        "queryStringParameters": dict(queries) or None,
        "multiValueQueryStringParameters": _lists(queries) or None,
        "pathParameters": _path_parameters(resource, path),
        "stageVariables": None,
        "requestContext": _context(method, resource, path),
        "body": sent,
        "isBase64Encoded": body is not None and not text,
    }


def authorized(**headers: str) -> dict[str, str]:
    """Return headers with the tests' token, and names written with hyphens."""
    return {"authorization": f"Bearer {TOKEN}"} | {name.replace("_", "-"): value for name, value in headers.items()}


def content(answer: dict[str, Any]) -> bytes:
    """Return the body that API Gateway would send."""
    body = answer["body"]
    return base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()


def _lists(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _path_parameters(resource: str, path: str) -> dict[str, str] | None:
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(resource))
    found = re.fullmatch(pattern, path)
    return (found.groupdict() or None) if found else None


def _context(method: str, resource: str, path: str) -> dict[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "a1b2c3d4e5",
        "extendedRequestId": "Abcdef=",
        "httpMethod": method,
        "identity": {"sourceIp": "192.0.2.1", "userAgent": "test", "user": None, "userArn": None, "apiKey": None},
        "path": f"/api{path}",
        "protocol": "HTTP/1.1",
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "requestTime": "01/Jan/2026:00:00:00 +0000",
        "requestTimeEpoch": 1767225600000,
        "resourceId": "abc123",
        "resourcePath": resource,
        "stage": "api",
    }
