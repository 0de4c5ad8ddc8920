"""What surrounds every route: measuring, the service, the shape of Chalice's own errors, and compression."""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping

from chalice.app import CaseInsensitiveMapping, Request, Response

from functions.api import negotiation
from functions.api.limits import LARGEST_BODY
from functions.api.requests import handling
from functions.api.responses import error_answer, varying
from functions.service import Service
from functions.settings import LOCAL, Settings
from functions.telemetry import logs, metrics

type Next = Callable[[Request], Response]  # the rest of the chain

LARGEST_ANSWER = LARGEST_BODY  # bytes; answers are in base64, too
NOT_PAST_CLOUDFRONT = "ask at the address of Scrawl's page: the API takes requests from its CloudFront only"
_CHALICE_CODES = {400: "malformed", 405: "method_not_allowed", 415: "unsupported_media_type"}


def measure(request: Request, get_response: Next) -> Response:
    """Measure a request, and name it in every line that is logged for it."""
    context = request.context or {}
    request_id = context.get("requestId") or secrets.token_hex(8)  # only API Gateway gives one
    start = time.perf_counter()
    status = 500
    with logs.request(request_id):
        try:
            response = get_response(request)
            status = response.status_code
            return response
        finally:
            method = "GET" if request.method == "HEAD" else request.method  # a metric less to pay for
            route = f"{method} {context.get('resourcePath') or request.path}"
            metrics.observe(route, status, time.perf_counter() - start, request_id)


def serve(service: Callable[[], Service]) -> Callable[[Request, Next], Response]:
    """Return the middleware that has the routes answer with this service, and finishes their answers."""

    def middleware(request: Request, get_response: Next) -> Response:
        if "accept" not in request.headers:
            request.headers = CaseInsensitiveMapping({**request.headers, "accept": "*/*"})  # Chalice needs one
        settings, provide = _provided(service)
        if settings is not None and not _may_ask(request, settings.origin_secret):
            return error_answer(403, "forbidden", NOT_PAST_CLOUDFRONT)
        with handling(request, provide):
            response = _in_our_shape(get_response(request))
        _compress(response, request.headers)
        if len(response.body) > LARGEST_ANSWER and (settings is None or settings.stage != LOCAL):
            message = f"this answer has {len(response.body)} bytes, more than a Lambda carries: ask for it in gzip"
            response = error_answer(406, "not_acceptable", message, headers={"Vary": "Accept-Encoding"})
        if request.method == "HEAD":
            response.headers["Content-Length"] = str(len(response.body))
            response.body = b""
        return response

    return middleware


def _provided(service: Callable[[], Service]) -> tuple[Settings | None, Callable[[], Service]]:
    """Return the settings, and what gives routes the service; where it cannot be made, None, and what says why.

    It is asked once, so that no request gets past a check that could not be made.
    """
    try:
        made = service()
    except Exception as error:  # whatever it is: the route's handler answers it, as all errors
        reason = error

        def fail() -> Service:
            raise reason

        return None, fail
    return made.settings, lambda: made


def _may_ask(request: Request, secret: str | None) -> bool:
    """Return whether a request comes through CloudFront, which adds the secret, if there is one.

    API Gateway checks it first, and counts the requests with it; here it is checked for gateways that do not.
    """
    sent = request.headers.get("x-api-key") or ""
    return secret is None or hmac.compare_digest(sent.encode(), secret.encode())


def _in_our_shape(response: Response) -> Response:
    """Give Chalice's own errors the shape of ours."""
    if isinstance(response.body, dict) and "Code" in response.body:
        code = _CHALICE_CODES.get(response.status_code, "internal")
        return error_answer(response.status_code, code, response.body["Message"], headers=response.headers)
    return response


def _compress(response: Response, asked: Mapping[str, str]) -> None:
    """Compress an answer that shrinks, for a client that takes gzip. Its ETag then is another one."""
    headers = response.headers
    etag, media_type, vary = (str(headers.get(name, "")) for name in ("ETag", "Content-Type", "Vary"))
    in_gzip = negotiation.in_gzip(etag) if etag else ""
    if response.status_code == 304 and etag and in_gzip in negotiation.named(asked.get("if-none-match", "")):
        headers["ETag"] = in_gzip  # that of what the client has
    if "Content-Encoding" in headers or not negotiation.shrinks(media_type, len(response.body)):
        return
    headers["Vary"] = varying(vary)
    if negotiation.accepts_gzip(asked.get("accept-encoding", "")):
        response.body = negotiation.compress(response.body)
        headers["Content-Encoding"] = negotiation.GZIP
        if etag:
            headers["ETag"] = in_gzip
