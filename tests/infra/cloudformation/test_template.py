"""The stack's template, as Chalice merges it and as CloudFormation takes it after SAM's transformation."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from py_mini_racer import MiniRacer

from functions.api.operations.operation import ALWAYS
from functions.api.requests import LARGEST_BODY
from functions.jobs.jobs import STALE_AFTER
from functions.storage.memory import MemoryStore
from functions.telemetry import metrics
from functions.weights.versions import Metadata
from infra import cloudformation
from infra.cloudformation import template
from infra.cloudformation.template import Json
from infra.package import lambda_package
from infra.page import site
from infra.page.headers import content_security_policy
from infra.paths import SITE
from tests.support.api import serving


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that `scrawl package` writes."""
    return lambda_package.describe(tmp_path_factory.mktemp("template"), "prod", "arm64")


@pytest.fixture(scope="module")
def sam(merged: Path) -> Json:
    """Return the merged template."""
    document: Json = json.loads(merged.read_text())
    return document


@pytest.fixture(scope="module")
def plain(sam: Json) -> Json:
    """Return what CloudFormation makes of it: AWS's own transformation, run here."""
    source = copy.deepcopy(sam)
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://artefacts/deployment.zip"
    from samtranslator.parser.parser import Parser  # takes a second
    from samtranslator.translator.translator import Translator

    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    document: Json = translator.translate(source, {"WriteToken": "x" * 16})
    return document


def properties(document: Json, name: str) -> Json:
    found: Json = document["Resources"][name]["Properties"]
    return found


def mentions(value: Any, name: str) -> bool:
    """Return whether an intrinsic function somewhere inside refers to a name."""
    if isinstance(value, dict):
        own = value.get("Ref") == name or (value.get("Fn::GetAtt") or [None])[0] == name
        return own or f"${{{name}" in str(value.get("Fn::Sub")) or any(mentions(v, name) for v in value.values())
    return isinstance(value, list) and any(mentions(v, name) for v in value)


def lint(*paths: Path) -> list[str]:
    """Return what cfn-lint says about each file, looked at side by side."""
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()", "--regions", "us-east-1", "--"]
    running = [
        subprocess.Popen([*command, str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for path in paths
    ]
    return [process.communicate()[0] for process in running]


def test_cfn_lint_finds_nothing_before_and_after_the_transformation(
    merged: Path, plain: Json, tmp_path: Path
) -> None:
    transformed = tmp_path / "plain.json"
    transformed.write_text(json.dumps(plain))
    assert lint(merged, transformed) == ["", ""]


def test_each_computed_value_has_its_place_in_the_template() -> None:
    text = Path(template.__file__).with_name("template.yaml").read_text("utf-8")
    unused = [name for name in template._computed("prod") if f"!Computed {name}" not in text]
    assert unused == ["page X-Content-Type-Options"]  # CloudFront has a switch for that one


def test_nothing_is_left_that_names_a_plain_deployments_resources(sam: Json) -> None:
    assert "scrawl-prod" not in json.dumps(sam)


def test_each_stage_says_which_it_is(tmp_path: Path) -> None:
    other = json.loads(lambda_package.describe(tmp_path, "trial", "x86_64").read_text())
    for name in ("APIHandler", "Retrain"):
        assert properties(other, name)["Environment"]["Variables"]["SCRAWL_STAGE"] == "trial"
        assert properties(other, name)["Timeout"] == {"APIHandler": 29, "Retrain": 900}[name]


def test_what_an_operator_may_choose_has_an_effect(sam: Json) -> None:
    used = [sam["Resources"], sam["Conditions"]]
    unused = [name for name in sam["Parameters"] if not mentions(used, name)]
    assert not unused
    assert [name for name, parameter in sam["Parameters"].items() if "Default" not in parameter] == [
        "OriginSecret",
        "WriteToken",
    ]
    assert all(sam["Parameters"][name]["NoEcho"] is True for name in ("OriginSecret", "WriteToken"))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("WriteToken", "kX3-_r9.T0~4/w+Q=", "with blanks in between"),
        ("OriginSecret", "a" * 20, "with/slash-is-not-taken"),
        ("AlarmEmail", "", "nobody"),
        ("AlarmEmail", "someone@example.org", "some one@example.org"),
        ("RequestsPerVisitor", "0", "9"),
        ("RequestsPerVisitor", "2000", "-10"),
        ("CertificateArn", "", "arn:aws:acm:eu-central-1:123456789012:certificate/1"),
        ("CertificateArn", "arn:aws:acm:us-east-1:123456789012:certificate/1", "1"),
    ],
)
def test_bad_parameters_are_refused_before_anything_is_made(sam: Json, name: str, good: str, bad: str) -> None:
    parameter = sam["Parameters"][name]
    assert re.fullmatch(parameter["AllowedPattern"], good)
    assert not re.fullmatch(parameter["AllowedPattern"], bad)
    assert parameter["ConstraintDescription"]


def test_deployment_finds_what_it_needs_among_the_outputs(sam: Json) -> None:
    wanted = {"SiteBucket", "DataBucket", "DistributionId", "DistributionDomain", "RestAPIId", "EndpointURL"}
    assert wanted <= sam["Outputs"].keys()


@pytest.mark.parametrize("name", ["DataBucket", "SiteBucket"])
def test_buckets_are_private_encrypted_and_versioned(sam: Json, name: str) -> None:
    bucket = properties(sam, name)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    assert bucket["BucketEncryption"]
    statements = properties(sam, f"{name}Policy")["PolicyDocument"]["Statement"]
    assert [s["Sid"] for s in statements if s["Effect"] == "Deny"] == ["OnlyEncryptedConnections"]
    allowed = [s for s in statements if s["Effect"] == "Allow"]
    assert all(mentions(s["Condition"]["StringEquals"]["AWS:SourceArn"], "Distribution") for s in allowed)
    assert bool(allowed) == (name == "SiteBucket")


def test_nothing_ends_by_itself_but_jobs_and_what_was_replaced(sam: Json) -> None:
    rules = properties(sam, "DataBucket")["LifecycleConfiguration"]["Rules"]
    assert [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule] == ["jobs/"]
    assert sam["Resources"]["DataBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize(("role", "function"), [("ApiHandlerRole", "APIHandler"), ("RetrainRole", "Retrain")])
def test_roles_reach_the_stacks_own_resources_only(sam: Json, role: str, function: str) -> None:
    policy, *told = properties(sam, role)["Policies"]
    assert all(entry["Fn::If"][0] == "HasEmail" and mentions(entry, "AlarmTopic") for entry in told)
    group = properties(sam, function)["LoggingConfig"]["LogGroup"]["Ref"]
    for statement in policy["PolicyDocument"]["Statement"]:
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert all(any(mentions(r, name) for name in ("DataBucket", "Retrain", group)) for r in resources), statement
    assert sam["Resources"]["TracingPolicy"]["Condition"] == "Traces"


def test_logs_end_and_their_groups_are_the_functions_own(sam: Json) -> None:
    groups = [name for name, r in sam["Resources"].items() if r["Type"] == "AWS::Logs::LogGroup"]
    used = [properties(sam, name)["LoggingConfig"]["LogGroup"]["Ref"] for name in ("APIHandler", "Retrain")]
    assert sorted(groups) == sorted(used)
    assert all(properties(sam, group)["RetentionInDays"] == {"Ref": "LogRetention"} for group in groups)


def test_the_api_has_one_stage_and_writes_are_limited_more(plain: Json) -> None:
    (stage,) = [r["Properties"] for r in plain["Resources"].values() if r["Type"] == "AWS::ApiGateway::Stage"]
    assert stage["StageName"] == "api"
    writes = stage["MethodSettings"]
    paths = properties(plain, "RestAPI")["Body"]["paths"]
    for each in writes:
        assert each["HttpMethod"].lower() in paths["/" + each["ResourcePath"][1:].replace("~1", "/").lstrip("/")]
        assert each["ThrottlingRateLimit"] == {"Ref": "WriteRateLimit"}


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


def test_cached_answers_differ_only_by_what_the_cache_looks_at(sam: Json, memory: MemoryStore) -> None:
    config = properties(sam, "AnswersCache")["CachePolicyConfig"]
    keys = config["ParametersInCacheKeyAndForwardedToOrigin"]
    looked_at = {*keys["HeadersConfig"]["Headers"], "Accept-Encoding"}
    behaviours = properties(sam, "Distribution")["DistributionConfig"]["CacheBehaviors"]
    cached = [b["PathPattern"] for b in behaviours if b["CachePolicyId"] == {"Ref": "AnswersCache"}]
    assert cached == ["/api/datablock/*", "/api/weights"]
    assert (keys["QueryStringsConfig"]["QueryStringBehavior"], config["DefaultTTL"]) == ("all", 0)
    with serving(memory) as api:
        for path in ("/datablock/train/0", "/weights"):
            answer = api("GET", path)
            assert set(answer.headers["Vary"].split(", ")) <= looked_at
            assert answer.headers["Cache-Control"]
        # CloudFront puts requests together whose answers it may keep; random digits stay out of that.
        assert api("GET", "/data").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("accepted", "uri", "expected"),
    [
        ("gzip, deflate, br, zstd", "/", "/index.html.br"),
        ("gzip", "/assets/1/kernel.wasm", "/assets/1/kernel.wasm.gz"),
        ("br;q=0, gzip;q=0.5", "/service-worker.js", "/service-worker.js.gz"),
        ("br; q=0.000, gzip; q=0", "/index.html", "/index.html"),
        ("BR;Q=1.0", "/index.html", "/index.html.br"),
        ("brotli", "/index.html", "/index.html"),
        (None, "/", "/index.html"),
        ("br", "/assets/1/picture.png", "/assets/1/picture.png"),
    ],
)
def test_the_edge_asks_for_the_file_that_the_browser_can_unpack(accepted: str, uri: str, expected: str) -> None:
    code = Path(cloudformation.__file__).with_name("negotiate.js").read_text()
    headers = {} if accepted is None else {"accept-encoding": {"value": accepted}}
    event = json.dumps({"request": {"uri": uri, "headers": headers}})
    assert MiniRacer().eval(f"{code}\nhandler({event}).uri") == expected


def test_the_policy_names_the_scripts_of_the_built_page() -> None:
    source = (SITE / "index.html").read_text("utf-8")
    names = ["worker.js", "brython.js", "scrawl.js", "scrawl-later.js", "style.css", "kernel.wasm"]
    built = site._with_addresses(source, {name: f"assets/0123456789ab/{name}" for name in names})
    assert built != source
    policy = content_security_policy(source)
    assert policy.count("'sha256-") == source.count("<script>") + source.count("<script data-")
    assert content_security_policy(built) == policy
    assert policy in json.dumps(template.stack("prod"))


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> set[tuple[Any, ...]]:
    """Return what the API writes on a stage called trial: namespace/name of each metric, and its dimensions."""
    metrics.configure("trial")
    try:
        metrics.observe("GET /", 500, 0.1, "id")
        for model in ("mlp-128", "mlp-128-64", "conv-32-64"):
            version = Metadata(
                model=model,
                version="v",
                parent=None,
                source="test",
                samples=0,
                loss=0.1,
                accuracy=0.97,
                created_at="2026-01-01T00:00:00Z",
                restores=None,
            )
            metrics.accuracy(version)
            metrics.stale(version, 61)
        metrics.retraining_failed("mlp-128", "job")
    finally:
        metrics.configure(None)
    return {
        (f"{directive['Namespace']}/{metric['Name']}", *sorted((n, line[n]) for n in directive["Dimensions"][0]))
        for line in map(json.loads, capsys.readouterr().out.splitlines())
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }


def test_alarms_look_at_what_the_api_writes_on_their_own_stage(written: set[tuple[Any, ...]]) -> None:
    own = [alarm for alarm in template.alarms("trial").values() if alarm["Namespace"] == metrics.NAMESPACE]
    assert len(own) == 5
    watched = {
        (
            f"{alarm['Namespace']}/{alarm['MetricName']}",
            *sorted((dimension["Name"], dimension["Value"]) for dimension in alarm["Dimensions"]),
        )
        for alarm in own
    }
    assert watched <= written
    assert all(("stage", "trial") in metric for metric in written)


def test_alarm_on_accuracy_lasts_until_there_is_news(sam: Json) -> None:
    kept = {name for name in template.alarms("prod") if properties(sam, name)["TreatMissingData"] == "ignore"}
    assert kept == {"Mlp128Bad", "Mlp12864Bad", "Conv3264Bad"}
    others = {properties(sam, name)["TreatMissingData"] for name in template.alarms("prod") if name not in kept}
    assert others == {"notBreaching"}
