"""botocore as the Lambda package has it: shortened, and yet the same clients."""

import json
import shutil
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.loaders import Loader

from infra.package import slim_botocore

INSTALLED = Path(botocore.__file__).parent


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what is to be shortened of the installed botocore."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copy(INSTALLED / "cacert.pem", folder)
    shutil.copytree(INSTALLED / "docs", folder / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "data").mkdir()
    for path in (INSTALLED / "data").glob("*.json"):
        shutil.copy(path, folder / "data")
    for service in slim_botocore.SERVICES:
        shutil.copytree(INSTALLED / "data" / service, folder / "data" / service)
    return folder


@pytest.fixture(scope="module")
def shortened(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same, shortened."""
    folder = tmp_path_factory.mktemp("shortened")
    shutil.copytree(whole, folder, dirs_exist_ok=True)
    slim_botocore.shorten(folder)
    return folder


def client(folder: Path, service: str, region: str) -> Any:
    """Return a client that knows only what is in a folder."""
    session = botocore.session.Session()
    session.register_component("data_loader", Loader([str(folder / "data")], include_default_search_paths=False))
    session.set_credentials("key", "secret")
    return session.create_client(service, region_name=region)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_clients_find_the_same_endpoints(shortened: Path, whole: Path, region: str) -> None:
    ours, theirs = (client(folder, "s3", region) for folder in (shortened, whole))
    for bucket in ("plain", "with.dots"):
        asked = {"Bucket": bucket, "Key": "a/b.json"}
        one, other = (urlsplit(c.generate_presigned_url("get_object", asked)) for c in (ours, theirs))
        assert (one.scheme, one.netloc, one.path) == (other.scheme, other.netloc, other.path)
    ours, theirs = (client(folder, "lambda", region) for folder in (shortened, whole))
    assert ours.meta.endpoint_url == theirs.meta.endpoint_url


def test_clients_check_what_they_are_asked_as_before(shortened: Path, whole: Path) -> None:
    ours, theirs = (client(folder, "s3", "us-east-1").meta.service_model for folder in (shortened, whole))
    assert ours.operation_names == theirs.operation_names
    for name in ("GetObject", "PutObject", "DeleteObjects", "ListObjectsV2"):
        one, other = ours.operation_model(name), theirs.operation_model(name)
        assert one.input_shape.members.keys() == other.input_shape.members.keys()
        assert one.output_shape.members.keys() == other.output_shape.members.keys()
        assert one.http == other.http


def test_nothing_is_left_that_nobody_reads(shortened: Path) -> None:
    assert not list(shortened.rglob("*.gz"))
    described = sum(path.stat().st_size for path in (shortened / "data" / "s3").rglob("service-2.json"))
    assert 100_000 < described < 500_000  # 1.1 MB with its documentation
    endpoints = json.loads((shortened / "data" / "endpoints.json").read_text())
    assert {name for part in endpoints["partitions"] for name in part["services"]} == set(slim_botocore.SERVICES)


def test_the_authorities_that_sign_for_aws_are_trusted(shortened: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(shortened / "cacert.pem")
    found: list[dict[str, Any]] = [*context.get_ca_certs()]
    names = {
        value for authority in found for part in authority["subject"] for name, value in part if name == "commonName"
    }
    # What https://www.amazontrust.com/repository wants in every trust store.
    wanted = {f"Amazon Root CA {number}" for number in range(1, 5)}
    assert wanted | {"Starfield Services Root Certificate Authority - G2", "DigiCert Global Root G2"} <= names
    assert len(found) < 20


def test_clients_have_empty_documentation_and_need_no_generator(shortened: Path) -> None:
    assert sorted(path.name for path in (shortened / "docs").iterdir()) == ["__init__.py", "docstring.py", "utils.py"]
    made: dict[str, Any] = {}
    exec((shortened / "docs" / "docstring.py").read_text(), made)
    for name in ("ClientMethodDocstring", "PaginatorDocstring", "WaiterDocstring"):
        assert made[name](operation_model=None, method_name="get_object") == ""
