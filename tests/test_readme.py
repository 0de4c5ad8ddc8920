"""The README's examples are run as they stand, one after the other, against the running stack."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.running_stack import RunningStack

README = (Path(__file__).parents[1] / "README.md").read_text()
# Every answer that is an error ends the script.
STRICT = 'set -euo pipefail\ncurl() { command curl --fail-with-body --show-error "$@"; echo; }\n'


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[RunningStack]:
    running = RunningStack(tmp_path / "scrawl", SCRAWL_WRITE_TOKEN="")
    yield running
    running.stop()


def test_api_examples_work(own_stack: RunningStack, tmp_path: Path) -> None:
    (script,) = re.findall(r"```sh\n(.*?)```", README.split("## The API by example")[1], re.DOTALL)
    script = script.replace("http://localhost:8000", own_stack.url)
    run = subprocess.run(
        ["bash", "-c", STRICT + script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, f"{run.stdout[-2000:]}\n{run.stderr[-2000:]}"
    assert '"label"' in run.stdout
    assert (tmp_path / "digit.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "block.bin").read_bytes().startswith(b"SCRB")
    assert requests.get(f"{own_stack.url}/api/weights", timeout=30).json()["source"] in ("upload", "retrain")


@pytest.mark.parametrize("target", re.findall(r"^(?:\w+=\S+ )*make (\w+)", README, re.MULTILINE))
def test_make_target_of_the_readme_exists(target: str) -> None:
    makefile = (Path(__file__).parents[1] / "Makefile").read_text()
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)", README))
def test_link_of_the_readme_leads_somewhere(link: str) -> None:
    assert (Path(__file__).parents[1] / link).exists()
