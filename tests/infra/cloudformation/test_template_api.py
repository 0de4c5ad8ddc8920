"""The template's API: who may ask, how often, and what API Gateway answers by itself."""

import json

from functions.api.limits import LARGEST_BODY
from functions.api.operations.operation import ALWAYS
from functions.jobs.jobs import STALE_AFTER
from infra.cloudformation.template import Json
from tests.support.aws.stack_template import mentions, properties


def test_the_api_has_one_stage_and_writes_are_limited_more(plain: Json) -> None:
    (stage,) = [r["Properties"] for r in plain["Resources"].values() if r["Type"] == "AWS::ApiGateway::Stage"]
    assert stage["StageName"] == "api"
    writes = stage["MethodSettings"]
    paths = properties(plain, "RestAPI")["Body"]["paths"]
    for each in writes:
        assert each["HttpMethod"].lower() in paths["/" + each["ResourcePath"][1:].replace("~1", "/").lstrip("/")]
        limit: Json = {"Ref": "WriteRateLimit"}
        if each["HttpMethod"] == "PATCH":  # a stream takes what all requests together may be
            limit = {"Fn::If": ["StreamsLessons", {"Ref": "RateLimit"}, limit]}
        assert each["ThrottlingRateLimit"] == limit


def test_the_api_takes_requests_from_cloudfront_only_and_no_more_than_the_limits_of_all_together(plain: Json) -> None:
    methods = [method for path in properties(plain, "RestAPI")["Body"]["paths"].values() for method in path.values()]
    assert all(method["security"] == [{"api_key": []}] for method in methods)
    secret = {"Ref": "OriginSecret"}
    origins = {origin["Id"]: origin for origin in properties(plain, "Distribution")["DistributionConfig"]["Origins"]}
    assert origins["api"]["OriginCustomHeaders"] == [{"HeaderName": "x-api-key", "HeaderValue": secret}]
    assert "OriginCustomHeaders" not in origins["site"]
    assert properties(plain, "CloudFrontKey")["Value"] == secret
    assert properties(plain, "APIHandler")["Environment"]["Variables"]["SCRAWL_ORIGIN_SECRET"] == secret
    plan = properties(plain, "TotalLimit")
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "RestAPI"}, "Stage": {"Ref": "RestAPIapiStage"}}]
    assert plan["Quota"] == {"Limit": {"Ref": "RequestsPerDay"}, "Period": "DAY"}
    assert plan["Throttle"] == {"RateLimit": {"Ref": "RateLimit"}, "BurstLimit": {"Ref": "BurstLimit"}}
    pair = properties(plain, "CloudFrontKeyInPlan")
    assert (pair["KeyId"], pair["UsagePlanId"]) == ({"Ref": "CloudFrontKey"}, {"Ref": "TotalLimit"})


def test_hsts_is_about_scrawls_own_host_only(plain: Json) -> None:
    for name in ("PageHeaders", "ApiHeaders"):
        security = properties(plain, name)["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        assert security["StrictTransportSecurity"]["IncludeSubdomains"] is False


def test_retraining_is_not_repeated_after_its_job_counts_as_failed(plain: Json) -> None:
    once = properties(plain, "RetrainOnce")
    assert once["FunctionName"] == {"Ref": "Retrain"}
    assert (once["MaximumRetryAttempts"], once["MaximumEventAgeInSeconds"]) == (0, STALE_AFTER)
    assert mentions(once["DestinationConfig"], "AlarmTopic")


def test_api_gateway_passes_head_on_wherever_it_passes_get(plain: Json) -> None:
    paths = properties(plain, "RestAPI")["Body"]["paths"]
    assert {path for path, methods in paths.items() if "get" in methods} == {
        path for path, methods in paths.items() if "head" in methods
    }
    assert len(json.dumps(plain)) < 400_000  # of the megabyte that CloudFormation reads


def test_what_api_gateway_refuses_has_the_shape_of_the_apis_errors(plain: Json) -> None:
    answers = properties(plain, "RestAPI")["Body"]["x-amazon-apigateway-gateway-responses"]
    for answer in answers.values():
        error = json.loads(answer["responseTemplates"]["application/json"])["error"]
        assert error.keys() == {"code", "message"}
        assert answer["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
    assert answers["THROTTLED"]["statusCode"] == "429"
    assert str(LARGEST_BODY) in json.dumps(answers["REQUEST_TOO_LARGE"])
    assert "CloudFront only" in json.dumps(answers["INVALID_API_KEY"])
    assert answers["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"
    # No Lambda was free, or none answered in time: a client can tell them apart by the message.
    busy, late = (json.dumps(answers[f"INTEGRATION_{name}"]) for name in ("FAILURE", "TIMEOUT"))
    assert all('"statusCode": "503"' in answer for answer in (busy, late))
    assert "too busy" in busy
    assert "too long" in late
    for answer in answers.values():
        tried_again = int(answer.get("statusCode", 0)) in ALWAYS
        assert tried_again == ("gatewayresponse.header.Retry-After" in answer["responseParameters"])
