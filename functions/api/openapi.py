"""The OpenAPI document: made from the operations' tables and from the types that validate what they take.

`operations` says what each route takes and answers; `docs_page` makes a page of the document.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec

from functions import VERSION
from functions.api.limits import LARGEST_BODY, LARGEST_UNPACKED
from functions.api.operations import data, open_inference, together, weights
from functions.api.operations.operation import BINARY, FORM_FILE, Answer, Formats, Operation, Parameter
from functions.api.response_types import ErrorAnswer
from functions.api.responses import JSON

OPERATIONS: tuple[Operation, ...] = (
    *data.OPERATIONS,
    *weights.OPERATIONS,
    *together.OPERATIONS,
    *open_inference.OPERATIONS,
)
_BYTES = {"type": "string", "format": "binary"}
_REFERENCE = "#/components/schemas/{name}"
_DESCRIPTION = f"""\
Handwritten digits: samples and blocks of MNIST, networks that recognise them, and the weights that visitors share.

Pixels run from 0 (paper) to 1 (ink), 28 rows of 28, top left first. A format is chosen by `Accept`, with q-values. \
Bodies may have {LARGEST_BODY / 1e6} MB, and may come with `Content-Encoding: gzip` or `deflate` if they unpack to \
{LARGEST_UNPACKED // 2**20} MB at most; JSON is answered in gzip where `Accept-Encoding` has it. Reading is open; \
writing needs the token where one is set. Every error says what was expected and what came."""
_ERRORS = {
    400: "malformed: not JSON, no block, no image, no gzip, or cut off",
    401: "no token or code",
    403: "a token that does not allow it",
    404: "no such model, version, split, shard, job, lesson or room; the message lists what there is",
    406: "`Accept` names no format that there is",
    409: "others were faster, every time it was tried; or a retraining is running, and `Location` names it",
    412: "`If-Match` names a version that is not current any more",
    413: f"the body has more than {LARGEST_BODY} bytes, or unpacks to more than {LARGEST_UNPACKED}",
    415: "`Content-Type` or `Content-Encoding` is none that is taken",
    422: "well-formed, but of the wrong shape, out of range, or blank; `field` names the place",
    429: "too many requests; `Retry-After` says when to come back",
    503: "the store is away or damaged, or nothing has been seeded; `Retry-After` says when to come back",
}
_HEADERS = {
    "ETag": "names this version in this format; for If-None-Match and If-Match",
    "Location": "where the new thing is",
    "Preference-Applied": "what of `Prefer` was heeded",
    "Retry-After": "seconds",
    "WWW-Authenticate": "Bearer",
    "X-Scrawl-Cold-Start": "true when this request was the first of its process",
    open_inference.HEADER_LENGTH: "how many bytes of the answer are JSON, when tensors follow",
}
_ERROR_HEADERS = {
    401: ("WWW-Authenticate",),
    409: ("Location", "Retry-After"),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def document(prefix: str, token_needed: bool) -> dict[str, Any]:
    """Return the document of the API below a prefix."""
    schemas = _Schemas()
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        described = _operation(operation, schemas, token_needed)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Scrawl",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": prefix or "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(operation.group for operation in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": {name: _header(text) for name, text in _HEADERS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "SCRAWL_WRITE_TOKEN"}},
        },
    }


class _Schemas:
    """JSON Schemas of types; those that have names are components."""

    def __init__(self) -> None:
        kinds = [kind for operation in OPERATIONS for kind in _types(operation)]
        found, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
        self.components: dict[str, Any] = components
        self._of = {repr(kind): schema for kind, schema in zip(kinds, found, strict=True)}

    def of(self, kind: Any) -> dict[str, Any]:
        if kind is BINARY:
            return dict(_BYTES)
        if kind is FORM_FILE:
            return {"type": "object", "properties": {"image": dict(_BYTES)}, "required": ["image"]}
        if isinstance(kind, tuple):
            return {"anyOf": [self.of(one) for one in kind]}
        return self._of[repr(kind)]


def _types(operation: Operation) -> Iterator[Any]:
    for formats in (operation.body, *(answer.formats for answer in operation.answers.values())):
        for kind in formats.values():
            if kind not in (BINARY, FORM_FILE):
                yield from kind if isinstance(kind, tuple) else (kind,)
    yield operation.error_type or ErrorAnswer


def _operation(operation: Operation, schemas: _Schemas, token_needed: bool) -> dict[str, Any]:
    error = schemas.of(operation.error_type or ErrorAnswer)
    responses = {str(status): _answer(answer, schemas) for status, answer in operation.answers.items()}
    responses |= {str(status): _error(status, error) for status in operation.errors}
    described: dict[str, Any] = {
        "operationId": _name(operation),
        "tags": [operation.group],
        "summary": operation.summary,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": responses,
        "x-codeSamples": [{"lang": "Shell", "source": f"curl {operation.curl}"}],
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body:
        content = _content(operation.body, schemas, operation.example)
        described["requestBody"] = {"required": not operation.body_may_be_left_out, "content": content}
    if operation.writes:
        described["security"] = [{"token": []}] if token_needed else [{"token": []}, {}]
    return described


def _answer(answer: Answer, schemas: _Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.formats:
        described["content"] = _content(answer.formats, schemas)
    return described | _headers(answer.headers)


def _error(status: int, schema: dict[str, Any]) -> dict[str, Any]:
    described = {
        "description": f"{HTTPStatus(status).phrase}: {_ERRORS[status]}",
        "content": {JSON: {"schema": schema}},
    }
    return described | _headers(_ERROR_HEADERS.get(status, ()))


def _content(formats: Formats, schemas: _Schemas, example: Any = None) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media_type, kind in formats.items():
        content[media_type] = {"schema": schemas.of(kind)}
        if media_type == JSON and example is not None:
            content[media_type]["example"] = example
    return content


def _headers(names: tuple[str, ...]) -> dict[str, Any]:
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}} if names else {}


def _header(text: str) -> dict[str, Any]:
    return {"description": text, "schema": {"type": "string"}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required or parameter.place == "path",
        "schema": dict(parameter.schema),
    }


def _name(operation: Operation) -> str:
    """Return an id like getWeightsHistory or getV2ModelsByModelReady."""
    parts = [part for part in operation.path.replace(".", "/").split("/") if part]
    words = [f"by_{part[1:-1]}" if part.startswith("{") else part for part in parts] or ["service"]
    camel = "".join(word[:1].upper() + word[1:] for part in words for word in part.split("_"))
    return operation.method.lower() + camel
