"""The README's examples are run as they stand, one after the other, against the running stack."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from infra.paths import ROOT
from tests.support.servers.running_stack import RunningStack

README = (ROOT / "README.md").read_text()
# Every answer that is an error ends the script.
STRICT = 'set -euo pipefail\ncurl() { command curl --fail-with-body --show-error "$@"; echo; }\n'


@pytest.fixture
def own_stack(tmp_path: Path, seeded_folder: Path) -> Iterator[RunningStack]:
    running = RunningStack(tmp_path / "scrawl", copy_of=seeded_folder, as_user=True, SCRAWL_WRITE_TOKEN="")
    yield running
    running.stop()


def commands(heading: str) -> str:
    """Return the shell commands under a heading of the README."""
    section = README.split(heading)[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert blocks
    return "".join(blocks)


def printed_by(script: str, folder: Path) -> str:
    run = subprocess.run(
        ["bash", "-c", STRICT + script], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, f"{run.stdout[-2000:]}\n{run.stderr[-2000:]}"
    return run.stdout


def test_api_examples_work(own_stack: RunningStack, tmp_path: Path) -> None:
    script = commands("## The API by example").replace("http://localhost:8000", own_stack.url)
    settings = f"export SCRAWL_API={own_stack.url}/api PYTHONPATH={ROOT}\n"
    printed = printed_by(settings + script.replace(".venv/bin/scrawl", f"{sys.executable} -m infra.cli"), tmp_path)
    assert '"label"' in printed
    assert "digit.png: " in printed
    assert (tmp_path / "mine.onnx").stat().st_size > 400_000
    assert (tmp_path / "digit.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "block.bin").read_bytes().startswith(b"SCRB")
    assert requests.get(f"{own_stack.url}/api/weights", timeout=30).json()["source"] in (
        "rollback",
        "retrain",
    )


def test_model_examples_work(tmp_path: Path, seeded_folder: Path) -> None:
    shutil.copytree(seeded_folder, tmp_path / "data")  # a reader has served Scrawl before
    scrawl = f"{sys.executable} -m infra.cli"
    data = f"export SCRAWL_DATA_DIR={tmp_path / 'data'} PYTHONPATH={ROOT}\n"
    printed = printed_by(data + commands("## Your own networks").replace(".venv/bin/scrawl", scrawl), tmp_path)
    assert "test digits" in printed
    assert (tmp_path / "build" / "mine.onnx").is_file()
    assert (tmp_path / "build" / "evaluate" / "mine" / "confusion.png").is_file()


@pytest.mark.parametrize("target", re.findall(r"^(?:\w+=\S+ )*make (\w+)", README, re.MULTILINE))
def test_make_target_of_the_readme_exists(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)", README))
def test_link_of_the_readme_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
