"""What the stack says about the functions and the API that Chalice has described: settings, roles, limits, logs.

The roles' statements are those of `.chalice/policy-*.json`, which name the bucket and the Lambda of a plain
`chalice deploy`; here they are made to name those of the stack.
"""

import json
import os

from functions.settings import cors_origin
from infra.cloudformation.parameters import Json, when
from infra.paths import ROOT

_ROLES = {"ApiHandlerRole": "api", "RetrainRole": "retrain"}  # Chalice's names → the policies' files
_LOGS = {"ApiHandlerRole": "ApiHandlerLogGroup", "RetrainRole": "RetrainLogGroup"}
_PLAIN_BUCKET = "arn:aws:s3:::scrawl-prod"
_BURST_OF_WRITES = 8
_WRITES = (
    ("/~1weights", "POST"),
    ("/~1weights", "PATCH"),
    ("/~1weights", "DELETE"),
    ("/~1weights~1rollback", "POST"),
)
# What API Gateway answers itself: its name of it → status, our code, message. `$context` is filled in by it.
_REFUSALS = {
    "THROTTLED": (429, "too_many_requests", "too many requests at the moment: try again in a second"),
    "MISSING_AUTHENTICATION_TOKEN": (404, "not_found", "there is nothing at this path, or not for this method"),
    "RESOURCE_NOT_FOUND": (404, "not_found", "there is nothing at this path"),
    "REQUEST_TOO_LARGE": (413, "too_large", "a body may have 6291456 bytes"),
    "INTEGRATION_TIMEOUT": (503, "unavailable", "this took too long: try again"),
    # Reported to be so when Lambda has no room for a request; without this entry it would be a 500.
    "INTEGRATION_FAILURE": (503, "unavailable", "the API is too busy, or could not be reached: try again"),
    "DEFAULT_4XX": (None, "malformed", "the request was refused: $context.error.responseType"),
    "DEFAULT_5XX": (None, "internal", "something went wrong here: try again"),
}
_RETRY = {"THROTTLED": "1", "INTEGRATION_TIMEOUT": "2", "INTEGRATION_FAILURE": "2"}


def resources(stage: str) -> Json:
    """Return what is merged into Chalice's resources."""
    return {
        "APIHandler": {
            "Properties": {
                **_function(stage, "ApiHandlerLogGroup", {"Ref": "Retrain"}),
                "ReservedConcurrentExecutions": when("ReservesConcurrency", {"Ref": "ReservedConcurrency"}),
            }
        },
        "Retrain": {"Properties": _function(stage, "RetrainLogGroup", "")},
        **{role: {"Properties": {"Policies": [_policy(role)]}} for role in _ROLES},
        "TracingPolicy": _tracing_policy(),
        # Chalice would name them after a resource that it calls otherwise.
        "ApiHandlerLogGroup": _log_group("api"),
        "RetrainLogGroup": _log_group("retrain"),
        "RestAPI": {"Properties": _rest_api()},
    }


def _function(stage: str, log_group: str, retrain: str | Json) -> Json:
    return {
        "Environment": {
            "Variables": {
                "SCRAWL_STAGE": stage,
                "SCRAWL_BUCKET": {"Ref": "DataBucket"},
                "SCRAWL_WRITE_TOKEN": {"Ref": "WriteToken"},
                "SCRAWL_RETRAIN_FUNCTION": retrain,
            }
        },
        "LoggingConfig": {"LogGroup": {"Ref": log_group}},
        "Tracing": {"Fn::If": ["Traces", "Active", "PassThrough"]},
    }


def _log_group(name: str) -> Json:
    return {
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "LogGroupName": {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{name}"},
            "RetentionInDays": {"Ref": "LogRetention"},
        },
    }


def _policy(role: str) -> Json:
    """Return a role's policy, with the names of the stack's own resources."""
    document = json.loads((ROOT / ".chalice" / f"policy-{_ROLES[role]}.json").read_text("utf-8"))
    for statement in document["Statement"]:
        if statement["Sid"] == "Log":
            statement |= {
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": {"Fn::GetAtt": [_LOGS[role], "Arn"]},
            }
        elif statement["Sid"] == "StartRetrainings":
            statement["Resource"] = {"Fn::GetAtt": ["Retrain", "Arn"]}
        else:
            named = statement["Resource"]
            arns = [named] if isinstance(named, str) else named
            statement["Resource"] = [_in_bucket(arn) for arn in arns]
    return {"PolicyName": role + "Policy", "PolicyDocument": document}


def _in_bucket(arn: str) -> Json:
    """Return the ARN with the stack's bucket in the place of a plain deployment's."""
    if not arn.startswith(_PLAIN_BUCKET):
        raise ValueError(f"{arn} in .chalice/policy-*.json is not in {_PLAIN_BUCKET}, which the stack replaces")
    return {"Fn::Sub": "${DataBucket.Arn}" + arn.removeprefix(_PLAIN_BUCKET)}


def _tracing_policy() -> Json:
    """Return what tracing needs; X-Ray knows no resources."""
    statement = {
        "Sid": "Trace",
        "Effect": "Allow",
        "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
        "Resource": "*",
    }
    return {
        "Type": "AWS::IAM::Policy",
        "Condition": "Traces",
        "Properties": {
            "PolicyName": "Trace",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "Roles": [{"Ref": role} for role in _ROLES],
        },
    }


def _rest_api() -> Json:
    everything = {"RateLimit": {"Ref": "RateLimit"}, "BurstLimit": {"Ref": "BurstLimit"}}
    writes = {"RateLimit": {"Ref": "WriteRateLimit"}, "BurstLimit": _BURST_OF_WRITES}
    return {
        "Name": {"Fn::Sub": "${AWS::StackName}"},
        "DefinitionBody": {"info": {"title": {"Fn::Sub": "${AWS::StackName}"}}},  # which otherwise is its name again
        "OpenApiVersion": "2.0",  # unless it is said, SAM makes a second stage, called Stage
        "TracingEnabled": {"Fn::If": ["Traces", True, False]},
        "MethodSettings": [
            _limited("/*", "*", everything),
            *(_limited(path, method, writes) for path, method in _WRITES),
        ],
        "GatewayResponses": {name: _refusal(name) for name in _REFUSALS},
    }


def _limited(path: str, method: str, limits: Json) -> Json:
    throttling = {f"Throttling{name}": value for name, value in limits.items()}
    return {"ResourcePath": path, "HttpMethod": method} | throttling


def _refusal(name: str) -> Json:
    """Return an answer of API Gateway's in the shape of the API's errors."""
    status, code, message = _REFUSALS[name]
    headers = {"Access-Control-Allow-Origin": cors_origin(os.environ), "Cache-Control": "no-store"}
    if name in _RETRY:
        headers["Retry-After"] = _RETRY[name]
    answer: Json = {
        "ResponseParameters": {"Headers": {header: f"'{value}'" for header, value in headers.items()}},
        "ResponseTemplates": {"application/json": json.dumps({"error": {"code": code, "message": message}})},
    }
    return answer | ({"StatusCode": status} if status else {})
