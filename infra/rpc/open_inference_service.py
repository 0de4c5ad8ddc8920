"""`inference.GRPCInferenceService`: protobuf messages to the core of the Open Inference Protocol and back.

It raises the core's errors; `interceptor` turns these into statuses and handles deadlines and logs.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions.errors import CorruptDataError, FormatError, InvalidValueError, UnavailableError
from functions.oip import input_tensors
from functions.oip import model_server as core
from functions.oip.messages import OUTPUTS
from functions.oip.model_server import Inference, Models
from functions.oip.readiness import Readiness
from infra.rpc.interceptor import check_not_abandoned
from infra.rpc.protos import open_inference_pb2 as messages
from infra.rpc.protos import open_inference_pb2_grpc

_DATATYPES = {output.name: output.datatype for output in OUTPUTS}


class OpenInferenceService(open_inference_pb2_grpc.GRPCInferenceServiceServicer):
    """The Open Inference Protocol over all models."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._readiness = Readiness(models)

    def ServerLive(self, request: Any, context: Any) -> messages.ServerLiveResponse:  # noqa: N802, ARG002
        """Answer that the server answers."""
        return messages.ServerLiveResponse(live=True)

    def ServerReady(self, request: Any, context: Any) -> messages.ServerReadyResponse:  # noqa: N802, ARG002
        """Answer whether every model can recognise digits now."""
        return messages.ServerReadyResponse(ready=_succeeds(self._readiness.check))

    def ModelReady(self, request: messages.ModelReadyRequest, context: Any) -> messages.ModelReadyResponse:  # noqa: N802, ARG002
        """Answer whether a model can recognise digits now."""
        name, version = request.name, request.version or None
        ready = _succeeds(lambda: self._readiness.check_model(name, version))
        return messages.ModelReadyResponse(ready=ready)

    def ServerMetadata(self, request: Any, context: Any) -> messages.ServerMetadataResponse:  # noqa: N802, ARG002
        """Answer with what this server is."""
        return messages.ServerMetadataResponse(**msgspec.structs.asdict(core.server_metadata()))

    def ModelMetadata(self, request: messages.ModelMetadataRequest, context: Any) -> messages.ModelMetadataResponse:  # noqa: N802, ARG002
        """Answer with what a model takes and gives, and its versions."""
        found = core.model_metadata(self._models, request.name, request.version or None)
        return messages.ModelMetadataResponse(**msgspec.to_builtins(found))

    def ModelInfer(self, request: messages.ModelInferRequest, context: Any) -> messages.ModelInferResponse:  # noqa: N802
        """Answer with a model's outputs for the tensors in the request."""
        outputs = core.chosen_outputs([output.name for output in request.outputs])
        for output in request.outputs:
            core.check_parameters(f"output {output.name!r}", output.parameters)
        images = _images(request)
        name, version = request.model_name, request.model_version or None
        found = core.infer(self._models, name, version, images, outputs, lambda: check_not_abandoned(context))
        return _response(found, request.id, raw=bool(request.raw_input_contents))


def _succeeds(check: Callable[[], object]) -> bool:
    try:
        check()
    except (CorruptDataError, UnavailableError):
        return False
    return True


def _images(request: messages.ModelInferRequest) -> NDArray[np.float32]:
    """Return the (B, 784) images in a request, which has them raw or in `contents`."""
    core.check_parameters("the request", request.parameters)
    core.check_inputs([tensor.name for tensor in request.inputs])
    (tensor,) = request.inputs
    core.check_parameters(f"input {tensor.name!r}", tensor.parameters)
    if not request.raw_input_contents:
        return input_tensors.as_images(tensor.datatype, tensor.shape, _elements(tensor))
    if tensor.contents.ListFields():
        raise InvalidValueError(f"input {tensor.name!r} has both contents and raw_input_contents")
    if len(request.raw_input_contents) != 1:
        raise FormatError(f"there is one input, but {len(request.raw_input_contents)} raw_input_contents")
    return input_tensors.from_bytes(tensor.datatype, tensor.shape, request.raw_input_contents[0])


def _elements(tensor: messages.ModelInferRequest.InferInputTensor) -> NDArray[Any]:
    """Return the elements in `contents`, whichever list has them: not every client picks the one of the datatype."""
    input_tensors.check_datatype(tensor.datatype)
    filled = tensor.contents.ListFields()
    if len(filled) != 1 or filled[0][0].name == "bytes_contents":
        found = " and ".join(field.name for field, _ in filled) or "nothing"
        raise InvalidValueError(
            f"{tensor.datatype} is expected in raw_input_contents or in one list of numbers in contents, got {found}"
        )
    return np.array(filled[0][1], np.float64)


def _response(found: Inference, request_id: str, *, raw: bool) -> messages.ModelInferResponse:
    """Return the answer, with tensors raw or in `contents` like the request."""
    response = messages.ModelInferResponse(model_name=found.model, model_version=found.version, id=request_id)
    for name, values in found.outputs.items():
        tensor = response.outputs.add(name=name, datatype=_DATATYPES[name], shape=values.shape)
        if raw:
            response.raw_output_contents.append(values.astype(values.dtype.newbyteorder("<")).tobytes())
        elif _DATATYPES[name] == "INT64":
            tensor.contents.int64_contents.extend(values.reshape(-1).tolist())
        else:
            tensor.contents.fp32_contents.extend(values.reshape(-1).tolist())
    return response
