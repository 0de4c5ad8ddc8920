"""`/openapi.json` and `/docs`: what this API is, for programs and for people. Each is made once."""

import hashlib
from functools import lru_cache

import orjson
from chalice.app import Blueprint, Response

from functions.api.negotiation import etag
from functions.api.requests import Call, handler
from functions.api.responses import JSON, answer, not_modified
from functions.api.routes import ANY, READING

HTML = "text/html"
_SECURITY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

blueprint = Blueprint(__name__)


@blueprint.route("/openapi.json", methods=READING, **ANY)
@handler
def get_openapi(call: Call) -> Response:
    """Answer with the OpenAPI document."""
    call.accept(JSON)
    return _answer(call, _contract(*_variant(call)), JSON, {})


@blueprint.route("/docs", methods=READING, **ANY)
@handler
def get_docs(call: Call) -> Response:
    """Answer with the same as a page."""
    call.accept(HTML)
    return _answer(call, _page(*_variant(call)), f"{HTML}; charset=utf-8", {"Content-Security-Policy": _SECURITY})


def _variant(call: Call) -> tuple[str, bool]:
    return call.service.settings.api_prefix, call.service.settings.write_token is not None


def _answer(call: Call, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    headers |= {"ETag": etag(hashlib.sha256(body).hexdigest()[:20]), "Cache-Control": "no-cache"}
    return not_modified(headers, media_type) if call.has(headers["ETag"]) else answer(body, media_type, headers)


@lru_cache(2)
def _contract(prefix: str, token_needed: bool) -> bytes:
    from functions.api import openapi  # here, because no other route needs it when it is cold

    return orjson.dumps(openapi.document(prefix, token_needed))


@lru_cache(2)
def _page(prefix: str, token_needed: bool) -> bytes:
    from functions.api import docs_page

    return docs_page.render(orjson.loads(_contract(prefix, token_needed))).encode()
