"""What `POST /weights/updates` takes: a weight difference, and in the query where it comes from."""

import re

from functions.api.requests import Call
from functions.errors import InvalidValueError
from functions.models.averaging import Update
from functions.weights import safetensors
from functions.weights.tensor_checks import Shapes, fit
from functions.weights.versions import ID

FEWEST_SAMPLES = 32  # that a difference may come from: one from fewer can show what they look like
MOST_CLAIMED = 1_000_000_000
TEXT = r"[!-~]{1,64}"


def update(call: Call, shapes: Shapes) -> Update:
    """Return the update of a request.

    Raises:
        FormatError, InvalidValueError: naming what is wrong with it.
    """
    base = call.query("base") or ""
    if not ID.fullmatch(base):
        message = f"base is the version learned from, like 20260131T235959999-0123abcd, got {base[:80]!r}"
        raise InvalidValueError(message, "base")
    samples = call.query("samples") or ""
    if not re.fullmatch(r"[0-9]{1,10}", samples) or not FEWEST_SAMPLES <= int(samples) <= MOST_CLAIMED:
        message = f"samples is of how many digits, {FEWEST_SAMPLES} to {MOST_CLAIMED}, got {samples[:80]!r}"
        raise InvalidValueError(message, "samples")
    participant, key = call.query("participant") or "", call.header("idempotency-key") or ""
    for name, text in (("participant", participant), ("Idempotency-Key", key)):
        if text and not re.fullmatch(TEXT, text):
            raise InvalidValueError(f"{name} is 1 to 64 visible ASCII characters, got {text[:80]!r}", name)
    difference = fit(safetensors.read_foreign(call.body)[0], shapes)
    return Update(difference, base, int(samples), participant, key)
