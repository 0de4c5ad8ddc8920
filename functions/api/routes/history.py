"""`/weights/history` and `/weights/rollback`: what the weights of a model were, and back to one of them."""

from urllib.parse import urlencode

import msgspec
from chalice.app import Blueprint, Response

from functions.api import weights_types as payloads
from functions.api.requests import Call, handler
from functions.api.responses import JSON, json_answer
from functions.api.routes import ANY
from functions.api.routes.weights import published

blueprint = Blueprint(__name__)


@blueprint.route("/weights/history", methods=["GET"], **ANY)
@handler
def get_history(call: Call) -> Response:
    """Answer with the current version and those before it, newest first: `?limit=50`, only those `?before=` one."""
    call.accept(JSON)
    model, limit = call.model, payloads.limit(call.query("limit"))
    history = model.weights.history(limit, payloads.before(call.query("before")))
    versions = [payloads.listed(version, history.current) for version in history.versions]
    name = model.manifest.model
    older = {"model": name, "limit": limit, "before": versions[-1].version} if history.more else None
    address = f"{call.service.settings.api_prefix}/weights/history"
    following = f"{address}?{urlencode(older)}" if older else None
    body = msgspec.to_builtins(payloads.HistoryAnswer(name, versions, following))
    return json_answer(body, headers={"Cache-Control": "no-cache"})


@blueprint.route("/weights/rollback", methods=["POST"], **ANY)
@handler
def post_rollback(call: Call) -> Response:
    """Make the weights of `{"version": "…"}` current again, as a new version that follows the present one."""
    call.require_token()
    call.content_type(JSON)
    wanted = call.json(payloads.RollbackBody).version
    return published(call, call.model.roll_back(wanted, call.if_version))
