"""An account of AWS for tests of deploying: moto's server, a small package, a small page, a small template."""

import gzip
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import brotli

from infra.deploy.deployment import Plan
from infra.paths import ROOT

ACCOUNT, REGION, STAGE = "123456789012", "us-east-1", "prod"  # the account is moto's
X86_64 = b"\x7fELF" + bytes(14) + b"\x3e\x00"
ARM64 = b"\x7fELF" + bytes(14) + b"\xb7\x00"
NOWHERE = "127.0.0.1:1"  # where nothing answers
LIBRARY = "onnxruntime/capi/state.cpython-312-x86_64-linux-gnu.so"


@contextmanager
def cloud() -> Iterator[str]:
    """Run moto's server with an empty account, point boto3 at it, and yield its address."""
    from tests.support.servers import moto_cloud

    with moto_cloud.running(REGION) as address:
        yield address


def template(**changed: Any) -> dict[str, Any]:
    """Return a template with what deploying looks at; `changed` replaces or adds resources."""
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Runtime": "python3.12",
            "Handler": "app.app",
            "CodeUri": "./deployment.zip",
            "Architectures": ["x86_64"],
            "Environment": {"Variables": {"SCRAWL_STAGE": STAGE, "SCRAWL_WRITE_TOKEN": {"Ref": "WriteToken"}}},
        },
    }
    resources = {
        "APIHandler": function,
        "DataBucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {}},
        "SiteBucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Distribution": {"Type": "AWS::CloudFront::Distribution", "Properties": {}},
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {
            "WriteToken": {"Type": "String", "NoEcho": True},
            "MonthlyBudget": {"Type": "Number", "Default": 20},
        },
        "Resources": resources | changed,
        "Outputs": {"DistributionDomain": {"Value": NOWHERE}},
    }


def write_package(
    folder: Path,
    described: dict[str, Any] | None = None,
    *,
    libraries: dict[str, bytes] | None = None,
    changed: Mapping[str, bytes | None] | None = None,
) -> Path:
    """Write a package as `scrawl package` does, with today's sources, some of them changed or left out (None)."""
    folder.mkdir(exist_ok=True)
    (folder / "sam.json").write_text(json.dumps(template() if described is None else described))
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in (ROOT / "functions").rglob("*.py")}
    files |= {"app.py": (ROOT / "app.py").read_bytes(), "onnxruntime/__init__.pyc": b"code"}
    files |= {LIBRARY: X86_64} if libraries is None else libraries
    for path, body in (changed or {}).items():
        files.pop(path, None)
        files |= {path: body} if body is not None else {}
    with zipfile.ZipFile(folder / "deployment.zip", "w") as zipped:
        for name in sorted(files):
            zipped.writestr(zipfile.ZipInfo(name), files[name])
    return folder


def write_page(folder: Path, text: str = "first") -> Path:
    """Write a page as `scrawl build-site` does: index.html, a worker, two assets, compressed where that helps."""
    name = f"assets/{text:0<12}/scrawl.js"
    files = {
        "index.html": f'<script src="{name}"></script>',
        "service-worker.js": f"self.BUILT = '{text}'",
        name: f"console.log('{text}')",
        "assets/0123456789ab/kernel.wasm": "\0asm",
    }
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.with_name(file.name + ".br").write_bytes(brotli.compress(content.encode()))
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(content.encode(), mtime=0))
    (folder / "assets/0123456789ab/icon.png").write_bytes(b"\x89PNG")
    return folder


def plan(folder: Path, **changed: Any) -> Plan:
    """Return what to deploy: a package and a page in a folder, which are written unless they are there."""
    if not (folder / "package").exists():
        write_package(folder / "package")
    if not (folder / "page").exists():
        write_page(folder / "page")
    wanted: dict[str, Any] = {"stage": STAGE, "package": folder / "package", "site": folder / "page"}
    return Plan(**wanted | changed)


def objects() -> dict[str, dict[str, tuple[str, str]]]:
    """Return all there is in the account's buckets: bucket → key → (ETag, when it was written)."""
    s3 = boto3.client("s3")
    return {
        bucket["Name"]: {
            entry["Key"]: (entry["ETag"], str(entry["LastModified"]))
            for entry in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ())
        }
        for bucket in s3.list_buckets()["Buckets"]
    }


def bucket_of(logical: str) -> str:
    """Return the name of one of the stack's buckets."""
    found = boto3.client("cloudformation").list_stack_resources(StackName=f"scrawl-{STAGE}")["StackResourceSummaries"]
    return str({entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in found}[logical])
