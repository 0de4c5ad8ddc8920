"""The routes of the Open Inference Protocol."""

from functions.api.operations.operation import ALWAYS, BINARY, Answer, Operation, Parameter
from functions.api.responses import JSON, OCTETS
from functions.models.inference import INPUT
from functions.oip import messages as protocol

HEADER_LENGTH = "Inference-Header-Content-Length"
_GROUP = "Open Inference Protocol"
_MODEL = Parameter("model", "path", "which model; `GET /` lists them", {"type": "string", "examples": ["mlp-128"]})
_VERSION = Parameter("version", "path", "which of its versions; the model's metadata list the latest")
_LENGTH = Parameter(
    HEADER_LENGTH,
    "header",
    "how many bytes of the body are JSON; the tensors' bytes follow them",
    {"type": "integer", "minimum": 0},
)
_SENT = {
    "inputs": [{"name": INPUT, "shape": [1, 784], "datatype": "FP32", "data": [0.5] * 784}],
    "outputs": [{"name": "label"}],
}


def _get(path: str, summary: str, answer: type, parameters: tuple[Parameter, ...] = ()) -> Operation:
    shown = path.replace("{model}", "mlp-128").replace("{version}", "…")
    return Operation(
        "GET",
        path,
        _GROUP,
        summary,
        "$API" + shown,
        {200: Answer("as the protocol says", {JSON: answer})},
        (404, 406, *ALWAYS) if parameters else (406, *ALWAYS),
        parameters=parameters,
        error_type=protocol.Failure,
    )


def _infer(path: str, summary: str, parameters: tuple[Parameter, ...]) -> Operation:
    shown = path.replace("{model}", "mlp-128").replace("{version}", "…")
    return Operation(
        "POST",
        path,
        _GROUP,
        summary,
        f"-H 'Content-Type: application/json' -d @infer.json $API{shown}",
        {200: Answer("as the protocol says", {JSON: protocol.InferResponse, OCTETS: BINARY}, (HEADER_LENGTH,))},
        (400, 404, 413, 415, *ALWAYS),
        "The only input, whatever its name: FP32, FP64, FP16 or BOOL of 0 to 1, or UINT8 or a larger INT of 0 "
        "to 255, shaped [B,784] or as pictures; outputs are `probabilities`, `log_probabilities` and `label`. With "
        "the extension binary_tensor_data, tensors stand as bytes behind the JSON, whose length the header tells; "
        "the media type then is octets. A length of 0 says that the body is nothing but FP32 images.",
        parameters=(*parameters, _LENGTH),
        body={JSON: protocol.InferRequest, OCTETS: BINARY},
        example=_SENT,
        error_type=protocol.Failure,
    )


_OF_MODEL = "/v2/models/{model}"
_OF_VERSION = "/v2/models/{model}/versions/{version}"

OPERATIONS = (
    _get("/v2", "What this server is", protocol.ServerMetadata),
    _get("/v2/health/live", "Whether requests are answered", protocol.Live),
    _get("/v2/health/ready", "Whether every model is ready", protocol.Ready),
    _get(_OF_MODEL, "What a model takes and gives", protocol.ModelMetadata, (_MODEL,)),
    _get(_OF_VERSION, "What a version of a model takes and gives", protocol.ModelMetadata, (_MODEL, _VERSION)),
    _get(f"{_OF_MODEL}/ready", "Whether a model is ready", protocol.ModelReady, (_MODEL,)),
    _get(f"{_OF_VERSION}/ready", "Whether a version of a model is ready", protocol.ModelReady, (_MODEL, _VERSION)),
    _infer(f"{_OF_MODEL}/infer", "Infer", (_MODEL,)),
    _infer(f"{_OF_VERSION}/infer", "Infer with a version", (_MODEL, _VERSION)),
)
