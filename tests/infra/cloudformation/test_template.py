"""The stack's template: its parameters, outputs, buckets, roles and logs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.cloudformation import template
from infra.cloudformation.template import Json
from infra.package import lambda_package
from tests.support.aws.stack_template import mentions, properties


def lint(path: Path) -> str:
    """Return what cfn-lint says about a file."""
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()", "--regions", "us-east-1", "--"]
    linted = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    return linted.stdout + linted.stderr


def test_cfn_lint_finds_nothing(merged: Path) -> None:
    assert lint(merged) == ""


@pytest.mark.ci_only  # cfn-lint carries out the transformation itself before it looks
def test_cfn_lint_finds_nothing_after_the_transformation(plain: Json, tmp_path: Path) -> None:
    transformed = tmp_path / "plain.json"
    transformed.write_text(json.dumps(plain))
    assert lint(transformed) == ""


def test_each_computed_value_has_its_place_in_the_template() -> None:
    text = Path(template.__file__).with_name("template.yaml").read_text("utf-8")
    unused = [name for name in template._computed("prod") if f"!Computed {name}" not in text]
    assert unused == ["page X-Content-Type-Options"]  # CloudFront has a switch for that one


def test_nothing_is_left_that_names_a_plain_deployments_resources(sam: Json) -> None:
    assert "scrawl-prod" not in json.dumps(sam)


def test_each_stage_says_which_it_is(tmp_path: Path) -> None:
    other = json.loads(lambda_package.describe(tmp_path, "trial", "x86_64").read_text())
    for name in ("APIHandler", "Learn", "Retrain"):
        assert properties(other, name)["Environment"]["Variables"]["SCRAWL_STAGE"] == "trial"
        assert properties(other, name)["Timeout"] == {"APIHandler": 29, "Learn": 600, "Retrain": 900}[name]


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


def test_nothing_ends_by_itself_but_jobs_lessons_rooms_and_what_was_replaced(sam: Json) -> None:
    rules = properties(sam, "DataBucket")["LifecycleConfiguration"]["Rules"]
    assert [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule] == [
        "jobs/",
        "lessons/",
        "aws/lambda/",
        "rooms/",
    ]
    assert sam["Resources"]["DataBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize(
    ("role", "function"), [("ApiHandlerRole", "APIHandler"), ("RetrainRole", "Retrain"), ("LearnRole", "Learn")]
)
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
    used = [properties(sam, name)["LoggingConfig"]["LogGroup"]["Ref"] for name in ("APIHandler", "Learn", "Retrain")]
    assert sorted(groups) == sorted(used)
    assert all(properties(sam, group)["RetentionInDays"] == {"Ref": "LogRetention"} for group in groups)
