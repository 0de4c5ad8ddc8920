"""How an operation, a method of a route, is described; and what many of them share: parameters, errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from functions.api.negotiation import LONGEST_WAIT

BINARY: Final = None  # in place of a type: a format that is not JSON
FORM_FILE: Final = "a form with a file"  # in place of a type, too

type Formats = Mapping[str, Any]  # media type → the type of its JSON, a tuple of several, BINARY or FORM_FILE
type Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter in the path, the query or the headers. In a path it is required, elsewhere if it says so."""

    name: str
    place: str  # path, query, header
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    required: bool = False


@dataclass(frozen=True)
class Answer:
    """An answer that is no error."""

    description: str
    formats: Formats = field(default_factory=dict)
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """A method of a route. `curl` is what follows that word in a shell; `$API` there is where the API is."""

    method: str
    path: str
    group: str
    summary: str
    curl: str
    answers: Mapping[int, Answer]
    errors: tuple[int, ...]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Formats = field(default_factory=dict)
    body_may_be_left_out: bool = False
    example: Any = None  # of the body as JSON
    writes: bool = False  # so it needs the token
    error_type: Any = None  # in place of the usual one


MODEL = Parameter(
    "model",
    "query",
    "which model; `GET /` lists them",
    {"type": "string", "default": "mlp-128", "examples": ["mlp-128", "mlp-128-64", "conv-32-64"]},
)
IF_MATCH = Parameter("If-Match", "header", "the ETag that must still be current, else 412")
IF_NONE_MATCH = Parameter("If-None-Match", "header", "the ETag that one has already: if it still is right, 304")
PREFER = Parameter(
    "Prefer",
    "header",
    f"`wait=10`: where there is a stream, wait so many seconds for the lesson to be learned, at most {LONGEST_WAIT}",
)
NOT_MODIFIED = Answer("the client has it already", headers=("ETag",))
ALWAYS = (429, 503)  # errors that any route may answer
WRITING = (400, 401, 403, 404, 409, 412, 413, 415, 422, *ALWAYS)
