"""Dockerfile, compose.yaml and the workflows: well-formed, and in step with what they name."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.api.limits import LARGEST_BODY
from infra.cli import main
from infra.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


def lint(*command: str) -> None:
    """Run a linter that is installed beside Python, or anywhere; it must find nothing."""
    found = shutil.which(command[0], path=Path(sys.executable).parent) or shutil.which(command[0])
    if found is None:
        pytest.skip(f"{command[0]} is not installed")
    ended = subprocess.run([found, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_dockerfile_is_linted() -> None:
    lint("hadolint", "--failure-threshold", "style", "Dockerfile")


def test_compose_file_fits_its_specification() -> None:
    lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")


def test_workflows_fit_their_schema() -> None:
    files = [str(path.relative_to(ROOT)) for path in WORKFLOWS]
    assert len(files) == 2
    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)


def test_workflows_are_linted() -> None:
    lint("actionlint")


def test_every_service_is_built_from_a_stage() -> None:
    assert {service["build"]["target"] for service in OURS.values()} == {"api", "grpc", "prepare", "site"}
    assert {service["build"]["target"] for service in OURS.values()} <= set(STAGES)


def test_what_is_copied_is_not_ignored() -> None:
    copied = re.findall(r"^COPY (?!--from)([^/\s]+)", DOCKERFILE, re.MULTILINE)
    let_through = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(copied) == set(let_through)


@pytest.mark.parametrize("name", SERVICES)
def test_containers_have_no_more_rights_than_they_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit", "logging"} <= service.keys()
    if name not in OURS:
        assert not service["user"].startswith("0")
        return
    user = re.search(r"^USER (\d+)$", _stage("runtime" if _base(service) == "runtime" else name), re.MULTILINE)
    assert user is not None
    assert user[1] != "0"


def test_only_page_and_grpc_are_published_and_only_here() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"site", "grpc"}
    assert all(port.startswith("${ADDRESS:-127.0.0.1}:") for ports in published.values() for port in ports)
    assert SERVICES["store"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_nginx_says_which_body_the_api_takes() -> None:
    assert f"a body may have {LARGEST_BODY} bytes" in (ROOT / "infra" / "containers" / "nginx.conf").read_text()


def test_every_setting_is_documented() -> None:
    settings = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    documented = set(
        re.findall(r"^\| `([A-Z0-9_]+)` \|", (ROOT / "docs" / "containers.md").read_text(), re.MULTILINE)
    )
    assert documented == settings


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_commands_of_workflows_exist(path: Path) -> None:
    text = path.read_text()
    targets = re.findall(r"^([\w./$()-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    known = {target.replace("$(SERVE_STAMP)", ".venv/.installed-serve") for target in targets}
    assert set(re.findall(r"run: make (\S+)", text)) <= known
    for script in re.findall(r"run: (\.ci/\S+)", text):
        assert (ROOT / script).exists()
    for name, rest in re.findall(r"bin/scrawl (\S+)(.*)", text):
        command = main.main.commands[name]
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--\S+", rest)) <= options


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_no_key_is_stored(path: Path) -> None:
    text = path.read_text()
    uses = [line for line in re.findall(r"uses: (.+)", text) if not line.startswith("./")]
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", line) for line in uses)
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert "aws-access-key-id" not in text
    assert all("timeout-minutes" in job or "uses" in job for job in workflow["jobs"].values())


def _base(service: dict[str, Any]) -> str:
    found = re.search(rf"^FROM (\S+) AS {service['build']['target']}$", DOCKERFILE, re.MULTILINE)
    assert found is not None
    return found[1]


def _stage(name: str) -> str:
    return DOCKERFILE.partition(f" AS {name}\n")[2].partition("\nFROM ")[0]
