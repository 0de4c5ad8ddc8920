"""Which module of `functions` may import which, and which know Chalice, botocore and HTTP: read from the sources."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from infra.paths import ROOT

CORE = ("dataset", "images", "jobs", "lessons", "models", "oip", "storage", "telemetry", "weights")
KNOW_AWS = {"functions.aws", "functions.lessons.kinesis", "functions.storage.s3"}  # its errors, and its clients
KNOW_CHALICE = {"functions.app", "functions.learn", "functions.retrain"}  # beside functions.api
KNOW_API = {"functions.app"}
ASSEMBLE = {"functions.app", "functions.learn", "functions.retrain"}  # what imports the composition root


@cache
def modules() -> dict[str, frozenset[str]]:
    """Return what each module of `functions` imports, wherever in its source, with the names taken from modules."""
    found = {}
    for path in (ROOT / "functions").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = frozenset(imports(ast.parse(path.read_text("utf-8"))))
    return found


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(*packages: str) -> set[str]:
    """Return the modules that import any of these packages, or anything in them."""
    return {
        module
        for module, names in modules().items()
        if any(name == package or name.startswith(f"{package}.") for name in names for package in packages)
    }


def inside(module: str, *packages: str) -> bool:
    return any(module == f"functions.{package}" or module.startswith(f"functions.{package}.") for package in packages)


def test_sources_are_found() -> None:
    assert "functions.weights.repository" in modules()
    assert "functions.storage.store.Store" in modules()["functions.weights.repository"]


def test_only_the_api_and_the_entry_points_know_chalice() -> None:
    knowing = importers("chalice")
    assert {module for module in knowing if not inside(module, "api")} == KNOW_CHALICE


def test_only_the_store_on_s3_the_stream_on_kinesis_and_the_clients_know_botocore() -> None:
    assert importers("boto3", "botocore", "s3transfer") == KNOW_AWS


def test_clients_are_made_in_one_place() -> None:
    assert importers("botocore.session") == {"functions.aws"}


def test_nothing_but_the_app_imports_the_api() -> None:
    assert {module for module in importers("functions.api") if not inside(module, "api")} == KNOW_API


def test_protocol_is_imported_by_the_api_and_the_service_alone() -> None:
    outside = {module for module in importers("functions.oip") if not inside(module, "api", "oip")}
    assert outside == {"functions.service"}  # whose models are to fit the protocol's


def test_only_entry_points_know_where_the_service_comes_from() -> None:
    assert importers("functions.wiring") == ASSEMBLE


@pytest.mark.parametrize("package", CORE)
def test_core_knows_neither_the_service_nor_the_environment(package: str) -> None:
    root = importers("functions.service", "functions.settings", "functions.wiring", "functions.app", "functions.aws")
    assert {module for module in root if inside(module, package)} == set()


def test_functions_import_nothing_of_the_project_but_themselves() -> None:
    assert importers("infra", "model_export", "site", "scrawl", "bench", "tests") == set()
