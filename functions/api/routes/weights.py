"""`/weights`: the shared weights of a model: read, upload, take a training step, forget; their history, and back."""

from urllib.parse import urlencode

import msgspec
import orjson
from chalice.app import Blueprint, Response

from functions.api import request_types
from functions.api.negotiation import GZIP, compress, etag, in_gzip
from functions.api.requests import Call, handler
from functions.api.responses import (
    JSON,
    OCTETS,
    ONNX,
    SAFETENSORS,
    HttpError,
    answer,
    json_answer,
    not_modified,
    varying,
)
from functions.api.routes import ANY, READING, lessons
from functions.dataset import block
from functions.dataset.shards import Digits
from functions.errors import InvalidValueError, StaleVersionError
from functions.jobs.jobs import JobActiveError
from functions.models.model import Model, PublishedStep
from functions.weights import foreign, safetensors, tensor_lists
from functions.weights.int8 import to_int8
from functions.weights.tensor_checks import fit
from functions.weights.versions import Metadata, Tensors, Version, known, to_strings

blueprint = Blueprint(__name__)
_FORMS = {JSON: "", SAFETENSORS: "safetensors", OCTETS: "safetensors", ONNX: "onnx"}  # in ETags
_PRECISIONS = {"float32": 0, "int8": 127, "int6": 31}  # and the largest whole number in place of a weight


@blueprint.route("/weights", methods=READING, **ANY)
@handler
def get_weights(call: Call) -> Response:
    """Answer with the current weights, or with `?version=`; `?precision=int8` or `int6` is smaller."""
    precision = _precision(call)
    top = _PRECISIONS[precision]
    media_type = call.accept(SAFETENSORS, OCTETS) if top else call.accept(JSON, SAFETENSORS, OCTETS, ONNX)
    model, wanted = call.model, call.query("version")
    version = model.weights.get(wanted) if wanted else model.weights.current()
    headers = {
        "ETag": etag(version.version, precision if top else _FORMS[media_type]),
        "Cache-Control": "public, max-age=31536000, immutable" if wanted else "no-cache",
        "Vary": "Accept",
    }
    if call.room is not None:  # no cache between may give them to others
        headers |= {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
    if top:
        headers["Vary"] = varying(headers["Vary"])
    if call.has(headers["ETag"]):
        return not_modified(headers, media_type)
    if not top:
        return answer(_represent(model, version, media_type), media_type, headers)
    body = safetensors.encode(to_int8(version.tensors, top), to_strings(version))
    if call.accepts_gzip:  # the middleware compresses no octets: most do not shrink, and these do
        body = compress(body)
        headers |= {"Content-Encoding": GZIP, "ETag": in_gzip(headers["ETag"])}
    return answer(body, media_type, headers)


@blueprint.route("/weights", methods=["POST"], **ANY)
@handler
def post_weights(call: Call) -> Response:
    """Make the weights in the body current, if they recognise about as many digits as the best so far."""
    call.require_writer()
    media_type = call.content_type(JSON, SAFETENSORS, OCTETS)
    model = call.model
    sent = _read(call, model, media_type)
    force = request_types.flag("force", call.query("force"))
    version = model.upload(sent, call.if_version, force=force)
    return _published(call, version)


@blueprint.route("/weights", methods=["PATCH"], **ANY)
@handler
def patch_weights(call: Call) -> Response:
    """Train the weights one step on the labelled digits in the body: at once, or later where there is a stream."""
    call.require_writer()
    digits, rate = _batch(call, call.content_type(JSON, OCTETS))
    if_version, inbox = call.if_version, call.service.inbox
    if inbox is not None and if_version is None and call.room is None:
        return lessons.hand_in(call, inbox, digits, rate)
    return _stepped(call.model.train_step(digits, rate, if_version))


@blueprint.route("/weights", methods=["DELETE"], **ANY)
@handler
def delete_weights(call: Call) -> Response:
    """Start a retraining from scratch; until it is done the present weights stay current."""
    call.require_token()
    model, wanted = call.model, call.if_version
    if wanted is not None and wanted != (current := model.weights.current().version):
        raise StaleVersionError(f"expected current version {wanted}, found {current}")
    prefix = f"{call.service.settings.api_prefix}/jobs/"
    try:
        job = call.service.start_retraining(model)
    except JobActiveError as error:
        raise HttpError(409, "conflict", str(error), {"Location": prefix + error.job.id}) from error
    return json_answer({"job": msgspec.to_builtins(job)}, 202, {"Location": prefix + job.id})


@blueprint.route("/weights/history", methods=READING, **ANY)
@handler
def get_history(call: Call) -> Response:
    """Answer with the current version and those before it, newest first: `?limit=50`, only those `?before=` one."""
    call.accept(JSON)
    model, limit = call.model, request_types.history_limit(call.query("limit"))
    history = model.weights.history(limit, request_types.history_before(call.query("before")))
    name, versions = model.manifest.model, [_listed(version, history.current) for version in history.versions]
    older = urlencode({"model": name, "limit": limit, "before": versions[-1]["version"]}) if history.more else None
    following = f"{call.service.settings.api_prefix}/weights/history?{older}" if older else None
    body = {"model": name, "versions": versions, "next": following}
    return json_answer(body, headers={"Cache-Control": "no-cache"})


@blueprint.route("/weights/rollback", methods=["POST"], **ANY)
@handler
def post_rollback(call: Call) -> Response:
    """Make the weights of `{"version": "…"}` current again, as a new version that follows the present one."""
    call.require_writer()
    call.content_type(JSON)
    wanted = call.json(request_types.RollbackBody).version
    return _published(call, call.model.roll_back(wanted, call.if_version))


def _precision(call: Call) -> str:
    precision = call.query("precision") or "float32"
    if precision not in _PRECISIONS:
        raise InvalidValueError(f"precision is float32, int8 or int6, got {precision!r}", "precision")
    return precision


def _represent(model: Model, version: Version, media_type: str) -> bytes:
    if media_type == JSON:
        body = known(version) | {"tensors": dict(version.tensors)}
        return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
    if media_type == ONNX:
        return model.onnx(version)
    return safetensors.encode(version.tensors, to_strings(version))


def _read(call: Call, model: Model, media_type: str) -> Tensors:
    """Return the tensors in the body, if they are those of the model."""
    shapes = model.manifest.shapes()
    if media_type == JSON:
        sent = foreign.renamed(call.json(request_types.WeightsBody).tensors)
        return fit(tensor_lists.from_lists(sent, shapes), shapes)
    return fit(safetensors.read_foreign(call.body)[0], shapes)


def _batch(call: Call, media_type: str) -> tuple[Digits, float]:
    """Return the labelled digits in the body, and the learning rate: the query's, or else the body's."""
    asked = call.query("learning_rate")
    rate = None if asked is None else request_types.learning_rate(asked)
    if media_type == JSON:
        body = call.json(request_types.LessonBody)
        inside = request_types.LEARNING_RATE if body.learning_rate is None else body.learning_rate
        inside = request_types.check_learning_rate(inside)
        return request_types.digits(body.data), inside if rate is None else rate
    samples = block.decode(call.body)
    request_types.check_count("samples", len(samples), request_types.MOST_IN_BINARY, "count")
    return Digits.of(samples), request_types.LEARNING_RATE if rate is None else rate


def _stepped(step: PublishedStep) -> Response:
    """Answer with the version that a training step has made."""
    batch = {"batch_loss": step.batch_loss, "batch_accuracy": step.batch_accuracy}
    taken_back_by = None if step.current is step.version else step.current.version
    body = known(step.version) | batch | {"taken_back_by": taken_back_by}
    return json_answer(body, 200, _etag(step.current))


def _published(call: Call, version: Version) -> Response:
    """Answer with a version that has just become current, and its address."""
    query = urlencode({"model": version.model, "version": version.version})
    headers = {"Location": f"{call.service.settings.api_prefix}/weights?{query}"}
    return json_answer(known(version), 201, _etag(version) | headers)


def _listed(version: Metadata, current: str) -> dict[str, str | int | float | None]:
    """Return a version's entry in the history; without its model, which all of them share."""
    entry = {name: value for name, value in known(version).items() if name != "model"}
    return entry | {"current": version.version == current}


def _etag(version: Version) -> dict[str, str]:
    return {"ETag": etag(version.version)}
