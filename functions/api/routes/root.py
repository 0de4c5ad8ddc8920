"""`GET /`: what this service is, what it has, and where to continue."""

import msgspec
from chalice.app import Blueprint, Response

from functions import VERSION
from functions.api.requests import Call, handler
from functions.api.responses import json_answer
from functions.api.routes import ANY, READING
from functions.service import Service

blueprint = Blueprint(__name__)


@blueprint.route("/", methods=READING, **ANY)
@handler
def get_root(call: Call) -> Response:
    """Answer with the service's name, version, dataset, models and links."""
    prefix = call.service.settings.api_prefix
    paths = ("data", "datablock", "weights", "rooms", "predict", "jobs", "v2", "openapi.json", "docs")
    body = {
        "name": "scrawl",
        "version": VERSION,
        "dataset": _dataset(call.service),
        "models": [_model(call.service, name) for name in call.service.model_names()],
        "links": {path.removesuffix(".json"): f"{prefix}/{path}" for path in paths},
    }
    return json_answer(body)


def _dataset(service: Service) -> dict[str, object]:
    manifest = service.dataset.manifest
    splits = {
        split: {"count": manifest.count(split), "shards": len(shards)} for split, shards in manifest.splits.items()
    }
    return {
        "dataset": manifest.dataset,
        "title": manifest.title,
        "notice": manifest.notice,
        "id": manifest.id,
        "splits": splits,
    }


def _model(service: Service, name: str) -> dict[str, object]:
    manifest = service.predictor(name).manifest
    return {
        "model": manifest.model,
        "title": manifest.title,
        "trainable": manifest.interface is None,
        "parameter_count": manifest.parameter_count,
        "layers": msgspec.to_builtins(manifest.layers),
        "parameters": [{"name": p.name, "shape": p.shape} for p in manifest.parameters],
    }
