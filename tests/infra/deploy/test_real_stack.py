"""The real stack on moto's server, as far as it goes: buckets, functions, roles, logs; deployed, again, and removed.

AWS expands SAM and resolves conditions when it gets a template. moto does neither, so both are done here before it is
sent, SAM by AWS's own library, conditions as they are by default. What moto then has no place for is left out.
"""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from functions.settings import Settings
from infra.cloudformation import template
from infra.deploy import stack_parameters
from infra.deploy.checked_package import CheckedPackage
from infra.deploy.deployment import deploy
from infra.deploy.destroy import destroy
from infra.package import lambda_package
from tests.support.aws import cloud
from tests.support.aws.cloud import REGION, STAGE, bucket_of, objects, write_package
from tests.support.digits import idx_files

NOTHING = object()
CONDITIONS = template.stack(STAGE)["Conditions"]
# moto makes a RestApi without the methods in its Body, so there is nothing to deploy.
LEFT_OUT = ("AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage")


def without_conditions(value: Any) -> Any:
    """Return a part of a template with every condition taken to be false."""
    if isinstance(value, list):
        return [part for part in map(without_conditions, value) if part is not NOTHING]
    if not isinstance(value, dict):
        return value
    if value == {"Ref": "AWS::NoValue"}:
        return NOTHING
    if "Fn::If" in value and value["Fn::If"][0] in CONDITIONS:
        return without_conditions(value["Fn::If"][2])
    parts = {name: without_conditions(part) for name, part in value.items()}
    return {name: part for name, part in parts.items() if part is not NOTHING}


def expanded(sam: dict[str, Any]) -> dict[str, Any]:
    """Return what AWS makes of a template before it makes anything else."""
    known = {"AWS::Region": REGION, "AWS::Partition": "aws"}
    plain: dict[str, Any] = without_conditions(Translator({}, Parser()).translate(sam, known))
    kept = {}
    for name, resource in plain["Resources"].items():
        if resource["Type"] in LEFT_OUT or resource.get("Condition") in CONDITIONS:
            continue
        if resource["Type"] == "AWS::ApiGateway::RestApi":
            resource["Properties"]["Name"] = f"scrawl-{STAGE}"  # AWS finds it in the Body
        if resource["Type"] == "AWS::CloudFront::Distribution":
            resource["Properties"] = {}  # it refers to kinds of resources that moto does not know
        kept[name] = resource
    return plain | {"Resources": kept}


def test_the_stack_is_made_found_as_it_is_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_DIR", str(idx_files.write(tmp_path / "idx")))
    monkeypatch.setattr(stack_parameters, "STATE", tmp_path / "state")
    sent = CheckedPackage.sent_template

    def sent_expanded(self: CheckedPackage, bucket: str, key: str) -> bytes:
        return json.dumps(expanded(json.loads(sent(self, bucket, key))), sort_keys=True).encode()

    monkeypatch.setattr(CheckedPackage, "sent_template", sent_expanded)
    described = lambda_package.describe(tmp_path / "real", STAGE, "x86_64")
    write_package(tmp_path / "package", json.loads(described.read_text()))
    with cloud.cloud():
        lines: list[str] = []
        deploy(cloud.plan(tmp_path), lines.append)
        assert lines[-2].startswith("Page: CloudFront forgets")
        assert lines[-1].startswith("Scrawl is on https://")
        check_functions((tmp_path / "state" / "scrawl-prod.token").read_text())
        check_roles()
        before = objects()
        deploy(cloud.plan(tmp_path), lines.append)
        assert lines[-3:-1] == ["Stack: nothing to change", "Page: nothing to change"]
        assert objects() == before
        destroy(STAGE, None, None, True, lines.append)
        assert objects() == {}


def check_functions(token: str) -> None:
    """See that each Lambda would start: its settings are those it wants, its code is what was sent."""
    functions = boto3.client("lambda").list_functions()["Functions"]
    names = sorted(function["FunctionName"] for function in functions)
    assert [name.rpartition("-")[0].split("-")[-1] for name in names] == ["APIHandler", "Learn", "Retrain"]
    for function in functions:
        settings = Settings.from_environment(function["Environment"]["Variables"])
        assert (settings.bucket, settings.stage) == (bucket_of("DataBucket"), STAGE)
        assert settings.write_token == token
        assert bool(settings.origin_secret) == (function["FunctionName"] == names[0])
        assert settings.retrain_function == (names[2] if function["FunctionName"] == names[0] else None)
        assert function["CodeSize"] > 100_000


def check_roles() -> None:
    """See that each role is about this stack's bucket only."""
    iam = boto3.client("iam")
    for role in iam.list_roles()["Roles"]:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            text = json.dumps(document)
            assert bucket_of("DataBucket") in text
            assert "arn:aws:s3:::scrawl-prod/" not in text
            assert '"Resource": "*"' not in text
