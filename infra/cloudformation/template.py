"""The stack's template: `template.yaml`, read as Chalice reads it, with each `!Computed` value filled in.

How the result is merged into the template of the functions is up to `infra.package.lambda_package`.
"""

import functools
import json
import os
from pathlib import Path
from typing import Any

from chalice.package import YAMLTemplateSerializer

from functions.api.middleware import NOT_PAST_CLOUDFRONT
from functions.api.requests import TOO_LARGE
from functions.settings import cors_origin
from infra.cloudformation.policies import policy
from infra.page.headers import page_headers
from infra.paths import SITE

type Json = dict[str, Any]

_FOLDER = Path(__file__).parent
_COMPUTED = "Fn::Computed"  # what Chalice's reader makes of !Computed
_SECURITY = {"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options"}


def stack(stage: str) -> Json:
    """Return what is merged into the template that Chalice makes for a stage.

    Raises:
        KeyError: when the template asks for a value that is not computed here.
    """
    values = _computed(stage)
    return {name: _filled(part, values) for name, part in _template().items() if not name.startswith("x-")}


@functools.cache
def _template() -> Json:
    """Return what `template.yaml` says; `stack` copies it. To read it takes a tenth of a second."""
    text = (_FOLDER / "template.yaml").read_text("utf-8")
    return dict(YAMLTemplateSerializer().load_template(text, "template.yaml"))


def write(path: Path, stage: str) -> None:
    """Write it to a file, as `chalice package --merge-template` wants it."""
    path.write_text(json.dumps(stack(stage), indent=2, sort_keys=True) + "\n", "utf-8")


def parameters() -> dict[str, Json]:
    """Return what an operator may choose."""
    return dict(stack("prod")["Parameters"])


def alarms(stage: str) -> dict[str, Json]:
    """Return the properties of each alarm."""
    resources = stack(stage)["Resources"]
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource.get("Type") == "AWS::CloudWatch::Alarm"
    }


def _computed(stage: str) -> Json:
    """Return what `template.yaml` cannot say itself: the stage, and what other files say already."""
    headers = page_headers((SITE / "index.html").read_text("utf-8"))
    others = [
        {"Header": name, "Value": value, "Override": True}
        for name, value in sorted(headers.items())
        if name not in _SECURITY
    ]
    return {
        "description": f"Scrawl, a handwritten-digit lab: stage {stage}",
        "stage": stage,
        "policy-api": policy("api", "ApiHandlerLogGroup"),
        "policy-retrain": policy("retrain", "RetrainLogGroup"),
        "policy-learn": policy("learn", "LearnLogGroup"),
        "cors-origin": f"'{cors_origin(os.environ)}'",
        "too-large": json.dumps({"error": {"code": "too_large", "message": TOO_LARGE}}),
        "not-past-cloudfront": json.dumps({"error": {"code": "forbidden", "message": NOT_PAST_CLOUDFRONT}}),
        "negotiate.js": (_FOLDER / "negotiate.js").read_text("utf-8"),
        "other page headers": others,
        **{f"page {name}": headers[name] for name in _SECURITY},
    }


def _filled(part: Any, values: Json) -> Any:
    """Return a part of the template with its computed values."""
    if isinstance(part, dict):
        if part.keys() == {_COMPUTED}:
            return values[part[_COMPUTED]]
        return {name: _filled(value, values) for name, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    return part
