"""The stack's template, as Chalice merges it and as CloudFormation takes it after SAM's transformation."""

import copy
import json
from pathlib import Path

import boto3
import pytest

from infra.cloudformation.template import Json
from infra.package import lambda_package


@pytest.fixture(scope="session")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that `scrawl package` writes."""
    return lambda_package.describe(tmp_path_factory.mktemp("template"), "prod", "arm64")


@pytest.fixture(scope="session")
def sam(merged: Path) -> Json:
    """Return the merged template."""
    document: Json = json.loads(merged.read_text())
    return document


@pytest.fixture(scope="session")
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
