"""The policies of the Lambdas' roles: `.chalice/policy-*.json`, made to name the stack's own bucket and functions.

The files name those of a plain `chalice deploy`, which uses them as they are.
"""

import json
from typing import Any

from infra.paths import ROOT

_PLAIN_BUCKET = "arn:aws:s3:::scrawl-prod"


def policy(name: str, log_group: str) -> dict[str, Any]:
    """Return the document of `.chalice/policy-{name}.json` for a function that writes to a log group of the stack."""
    document: dict[str, Any] = json.loads((ROOT / ".chalice" / f"policy-{name}.json").read_text("utf-8"))
    for statement in document["Statement"]:
        if statement["Sid"] == "Log":
            statement |= {
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": {"Fn::GetAtt": [log_group, "Arn"]},
            }
        elif statement["Sid"] == "StartRetrainings":
            statement["Resource"] = {"Fn::GetAtt": ["Retrain", "Arn"]}
        else:
            named = statement["Resource"]
            arns = [named] if isinstance(named, str) else named
            statement["Resource"] = [_in_bucket(arn) for arn in arns]
    return document


def _in_bucket(arn: str) -> dict[str, str]:
    """Return the ARN with the stack's bucket in place of the one that a plain deployment uses."""
    if not arn.startswith(_PLAIN_BUCKET):
        raise ValueError(f"{arn} in .chalice/policy-*.json is not in {_PLAIN_BUCKET}, which the stack replaces")
    return {"Fn::Sub": "${DataBucket.Arn}" + arn.removeprefix(_PLAIN_BUCKET)}
