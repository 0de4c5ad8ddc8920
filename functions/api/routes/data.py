"""`/data` and `/datablock`: random digits, and whole shards as they are stored."""

import gzip

import numpy as np
from chalice.app import Blueprint, Response

from functions.api import request_types
from functions.api.negotiation import GZIP, etag
from functions.api.requests import Call, handler
from functions.api.responses import JSON, OCTETS, PNG, answer, json_answer, not_modified
from functions.api.routes import ANY, READING
from functions.dataset import block
from functions.dataset.block import Block
from functions.errors import NotFoundError
from functions.images import image_files

blueprint = Blueprint(__name__)
_FRESH = {"Cache-Control": "no-store", "Vary": "Accept"}


@blueprint.route("/data", methods=READING, **ANY)
@handler
def get_data(call: Call) -> Response:
    """Answer with one random digit, as JSON or as a picture."""
    media_type = call.accept(JSON, PNG)
    sample = _sample(call, 1)
    if media_type == PNG:
        return answer(image_files.encode_png(sample.pixels[0]), PNG, _FRESH)
    return json_answer(_as_json(sample), headers=_FRESH)


@blueprint.route("/datablock", methods=["POST"], **ANY)
@handler
def post_datablock(call: Call) -> Response:
    """Answer with as many random digits as the body asks for, as JSON or as a block."""
    call.content_type(JSON)
    media_type = call.accept(JSON, OCTETS)
    most = request_types.MOST_IN_JSON if media_type == JSON else request_types.MOST_IN_BINARY
    wanted = call.json(request_types.BlockBody).block
    sample = _sample(call, request_types.check_count("block", wanted, most, "block"))
    if media_type == OCTETS:
        return answer(block.encode(sample), OCTETS, _FRESH)
    return json_answer(_as_json(sample), headers=_FRESH)


@blueprint.route("/datablock/{split}/{index}", methods=READING, **ANY)
@handler
def get_shard(call: Call, split: str, index: str) -> Response:
    """Answer with a shard's stored bytes; `?dataset=` only makes the address change with the data."""
    if not (index.isdecimal() and index.isascii() and len(index) < 9):
        raise NotFoundError(f"shards are numbered from 0, there is no {index!r}")
    call.accept(OCTETS)
    shard = call.service.dataset.stored_shard(split, int(index))
    zipped = call.accepts_gzip
    headers = {
        "ETag": etag(shard.sha256[:32], GZIP if zipped else ""),
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
    }
    if call.has(headers["ETag"]):
        return not_modified(headers, OCTETS)
    if zipped:
        return answer(shard.body, OCTETS, headers | {"Content-Encoding": GZIP})
    return answer(gzip.decompress(shard.body), OCTETS, headers)


def _sample(call: Call, count: int) -> Block:
    split = call.query("split")
    return call.service.dataset.sample("train" if split is None else split, count, np.random.default_rng())


def _as_json(sample: Block) -> dict[str, object]:
    labels, images = sample.labels.tolist(), sample.images()
    return {"data": [{"target": label, "image": image} for label, image in zip(labels, images, strict=True)]}
