"""The routes that tell what there is, give digits, and recognise them."""

from typing import Annotated, Any

from msgspec import Meta

from functions.api import request_types
from functions.api import response_types as types
from functions.api.multipart import FORM
from functions.api.operations.operation import (
    ALWAYS,
    BINARY,
    FORM_FILE,
    IF_NONE_MATCH,
    MODEL,
    NOT_MODIFIED,
    Answer,
    Operation,
    Parameter,
)
from functions.api.responses import JSON, OCTETS, PNG
from functions.images import image_files

HTML = "text/html"
_SPLIT = {"type": "string", "enum": ["train", "test"]}
SPLIT = Parameter(
    "split", "query", "which digits: those to train on, or those to test on", _SPLIT | {"default": "train"}
)
# A seven, 28 by 28 pixels, black on white.
SEVEN = (
    "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcAQAAAABaduI5AAAARklEQVR42nWNMRKAIBAD924o/IU+hefzHKTCGYdQ4Flpk2aziQlO"
    "B/gM2YbDjUMimQoOZVGkvT5lHaGNHLQr6PWONrC/ywl+mhPoo2msfQAAAABJRU5ErkJggg=="
)

_GIVEN = [{"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in request_types.PREDICTABLE]
_ONE_OF_FOUR = Annotated[request_types.PredictBody, Meta(extra_json_schema={"oneOf": _GIVEN})]

OPERATIONS = (
    Operation(
        "GET",
        "/",
        "About",
        "What is here",
        "$API/",
        {200: Answer("name, version, dataset, models, links", {JSON: types.ServiceAnswer})},
        ALWAYS,
    ),
    Operation(
        "GET",
        "/openapi.json",
        "About",
        "This description",
        "$API/openapi.json",
        {200: Answer("an OpenAPI 3.1 document", {JSON: dict[str, Any]}, ("ETag",)), 304: NOT_MODIFIED},
        (406, *ALWAYS),
        parameters=(IF_NONE_MATCH,),
    ),
    Operation(
        "GET",
        "/docs",
        "About",
        "This description, to be read",
        "$API/docs",
        {200: Answer("a page", {HTML: BINARY}, ("ETag",)), 304: NOT_MODIFIED},
        (406, *ALWAYS),
        parameters=(IF_NONE_MATCH,),
    ),
    Operation(
        "GET",
        "/data",
        "Digits",
        "One random digit",
        "-H 'Accept: image/png' -o digit.png $API/data",
        {200: Answer("a labelled digit, or its picture", {JSON: types.DataAnswer, PNG: BINARY})},
        (404, 406, *ALWAYS),
        parameters=(SPLIT,),
    ),
    Operation(
        "POST",
        "/datablock",
        "Digits",
        "Random digits",
        "-H 'Content-Type: application/json' -d '{\"block\": 3}' $API/datablock",
        {200: Answer("as many digits; in octets, a block", {JSON: types.DataAnswer, OCTETS: BINARY})},
        (400, 404, 406, 413, 415, 422, *ALWAYS),
        f"Up to {request_types.MOST_IN_JSON} as JSON, up to {request_types.MOST_IN_BINARY} as a block: `SCRB`, "
        "u16 version 1, u16 flags 0, u32 count n, u16 rows 28, u16 columns 28; n label bytes; n × 784 pixel bytes, "
        "255 for ink; all little-endian.",
        parameters=(SPLIT,),
        body={JSON: request_types.BlockBody},
        example={"block": 3},
    ),
    Operation(
        "GET",
        "/datablock/{split}/{index}",
        "Digits",
        "A whole shard, as stored",
        "-o shard.bin --compressed $API/datablock/train/0",
        {200: Answer("a block of 1,000 digits; it never changes", {OCTETS: BINARY}, ("ETag",)), 304: NOT_MODIFIED},
        (404, 406, *ALWAYS),
        parameters=(
            Parameter("split", "path", "which digits", _SPLIT),
            Parameter(
                "index", "path", "which shard, counted from 0", {"type": "integer", "minimum": 0, "maximum": 9999}
            ),
            Parameter("dataset", "query", "the dataset's id: so the address changes when the digits do"),
            IF_NONE_MATCH,
        ),
    ),
    Operation(
        "POST",
        "/predict",
        "Recognition",
        "Which digit is it?",
        "-H 'Content-Type: image/png' --data-binary @digit.png $API/predict",
        {
            200: Answer(
                "the digit, or for `tensors` the digits in their order",
                {JSON: (types.GuessAnswer, types.GuessesAnswer)},
                ("X-Scrawl-Cold-Start",),
            )
        },
        (400, 404, 406, 413, 415, 422, *ALWAYS),
        "An image may be of any size, colour and polarity, and transparent; up to 20 million pixels and 10,000 on a "
        "side. Paper is what most of it is made of, ink what differs from it; uneven light, frames, dots and other "
        "figures are left out, and `warnings` say what may be wrong with the picture. The digit is then fitted into "
        "the field as MNIST's digits are: 20×20 pixels, the centre of mass in the middle. "
        f"{', '.join(image_files.FORMATS)} are read, of an animation the first picture. A form has one file, in a "
        "field of any name. Strokes are scaled first and drawn by a pen of fixed width afterwards, so their unit "
        "does not matter. Tensors are taken as they are.",
        parameters=(MODEL,),
        body={JSON: _ONE_OF_FOUR, PNG: BINARY, "image/jpeg": BINARY, "image/*": BINARY, FORM: FORM_FILE},
        example={"image": f"data:image/png;base64,{SEVEN}"},
    ),
)
