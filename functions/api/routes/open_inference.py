"""`/v2`: the Open Inference Protocol over HTTP. Its errors are `{"error": "…"}`, in the middleware below.

`functions.oip` has the protocol's messages, and answers them.
"""

from collections.abc import Callable

import msgspec
import orjson
from chalice.app import Blueprint, Request, Response

from functions.api import bodies
from functions.api.requests import Call, handler, read_json
from functions.api.responses import JSON, OCTETS, answer
from functions.api.routes import ANY, READING
from functions.oip import binary_tensors
from functions.oip import messages as protocol
from functions.oip import model_server as core

PREFIX = "/v2"
HEADER_LENGTH = "Inference-Header-Content-Length"
SAGEMAKER = "application/vnd.sagemaker-triton.binary+json;json-header-size="
EXTENSIONS = ("binary_tensor_data",)
_BAD_REQUEST = {422: 400}  # the protocol knows no finer difference

blueprint = Blueprint(__name__)


@blueprint.route("/v2", methods=READING, **ANY)
@handler
def get_server(call: Call) -> Response:
    """Answer with what this server is."""
    return _json(call, core.server_metadata(*EXTENSIONS))


@blueprint.route("/v2/health/live", methods=READING, **ANY)
@handler
def get_live(call: Call) -> Response:
    """Answer that requests are answered."""
    return _json(call, protocol.Live(live=True))


@blueprint.route("/v2/health/ready", methods=READING, **ANY)
@handler
def get_ready(call: Call) -> Response:
    """Answer whether every model can recognise digits now: 503 until then."""
    call.service.readiness.check()
    return _json(call, protocol.Ready(ready=True))


@blueprint.route("/v2/models/{model}", methods=READING, **ANY)
@blueprint.route("/v2/models/{model}/versions/{version}", methods=READING, **ANY)
@handler
def get_model(call: Call, model: str, version: str | None = None) -> Response:
    """Answer with what a model takes and gives, and its versions."""
    return _json(call, core.model_metadata(call.service, model, version))


@blueprint.route("/v2/models/{model}/ready", methods=READING, **ANY)
@blueprint.route("/v2/models/{model}/versions/{version}/ready", methods=READING, **ANY)
@handler
def get_model_ready(call: Call, model: str, version: str | None = None) -> Response:
    """Answer whether a model can recognise digits now: 503 when it cannot, 404 when there is none."""
    call.service.readiness.check_model(model, version)
    return _json(call, protocol.ModelReady(model, ready=True))


@blueprint.route("/v2/models/{model}/infer", methods=["POST"], **ANY)
@blueprint.route("/v2/models/{model}/versions/{version}/infer", methods=["POST"], **ANY)
@handler
def post_infer(call: Call, model: str, version: str | None = None) -> Response:
    """Answer with the tensors that the model makes of those in the body."""
    request, tail = _request(call)
    outputs = core.chosen_outputs([output.name for output in request.outputs or ()])
    binary = binary_tensors.binary_outputs(request, outputs)
    images = binary_tensors.images(request, tail)
    inference = core.infer(call.service, model, version, images, outputs)
    body, length = binary_tensors.join(inference, binary, request.id)
    if length is None:
        return answer(body, JSON)
    media_type = OCTETS if call.header(HEADER_LENGTH) or not _sagemaker_length(call) else f"{SAGEMAKER}{length}"
    return answer(body, media_type, {HEADER_LENGTH: str(length)})


def middleware(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Give the errors of these routes the protocol's shape."""
    response = get_response(request)
    if response.status_code < 400 or not (request.path == PREFIX or request.path.startswith(f"{PREFIX}/")):
        return response
    headers = {**response.headers, "Content-Type": JSON}
    status = _BAD_REQUEST.get(response.status_code, response.status_code)
    return Response(orjson.dumps({"error": _text(response.body)}), headers, status)


def _text(body: bytes | dict[str, str]) -> str:
    """Return the message of one of our errors, or of Chalice's own."""
    if isinstance(body, dict):
        return body["Message"]
    error: dict[str, str] = orjson.loads(body)["error"]
    return f"{error['field']}: {error['message']}" if "field" in error else error["message"]


def _request(call: Call) -> tuple[protocol.InferRequest, memoryview]:
    """Return the request in the body, and the bytes behind its JSON, whatever its type if a header tells where."""
    length = call.header(HEADER_LENGTH) or _sagemaker_length(call)
    if length is None:
        call.content_type(JSON, OCTETS)
    text, tail = binary_tensors.split(call.body, length)
    if length is not None and not text:
        return binary_tensors.raw_request(tail), tail
    return read_json(text, protocol.InferRequest), tail


def _sagemaker_length(call: Call) -> str | None:
    """Return how long the JSON is in a body as SageMaker's Triton takes it, which may pass on no headers of ours."""
    return bodies.parameter(call.header("content-type"), "json-header-size")


def _json(call: Call, value: msgspec.Struct) -> Response:
    call.accept(JSON)
    return answer(msgspec.json.encode(value), JSON, {"Cache-Control": "no-store"})
