"""The API's side of sharing: history and rollback, conflicts, a token, its answer, commands that run."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page

from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

TOKEN = "open sesame"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, seeded_folder: Path) -> Iterator[RunningStack]:
    """Run a stack whose weights may change, by those who have the token."""
    running = RunningStack(tmp_path_factory.mktemp("scrawl"), copy_of=seeded_folder, SCRAWL_WRITE_TOKEN=TOKEN)
    yield running
    running.stop()


@pytest.fixture
def visit(page: Page, guarded: RunningStack) -> Iterator[Lab]:
    """Visit that stack; what its refusals leave on the browser's console is expected."""
    lab = Lab(page, guarded.url).open().complete()
    yield lab
    assert [error for error in lab.errors if "Failed to load resource" not in error] == []


def change(stack: RunningStack) -> str:
    """Have somebody else change the shared weights; return the version that is current then."""
    sample = requests.get(f"{stack.url}/api/data", timeout=30).json()
    answer = requests.patch(f"{stack.url}/api/weights", json=sample, headers=authorised(), timeout=30)
    return str(answer.json()["version"])


def authorised() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}


def current(stack: RunningStack) -> str:
    versions = requests.get(f"{stack.url}/api/weights/history?model=mlp-128", timeout=30).json()["versions"]
    return str(next(entry["version"] for entry in versions if entry["current"]))


def give_token(lab: Lab, token: str) -> None:
    lab.page.fill("#token", token)
    lab.page.press("#token", "Enter")


def test_token_is_asked_for_and_then_used(visit: Lab, guarded: RunningStack) -> None:
    before = current(guarded)
    visit.click("weights-send")
    visit.wait_text("weights-message", "needs a token")
    give_token(visit, "wrong")
    visit.wait_text("weights-message", "does not allow it")
    assert current(guarded) == before
    give_token(visit, TOKEN)
    visit.wait_text("weights-message", "^Sent")
    assert current(guarded) != before
    visit.wait_hidden("token-form")
    assert TOKEN not in visit.page.evaluate("JSON.stringify(Object.entries(localStorage))")


def test_conflict_leaves_the_choice(visit: Lab, guarded: RunningStack) -> None:
    visit.page.evaluate(f"sessionStorage['scrawl.token'] = {TOKEN!r}")
    visit.open().complete()
    theirs = change(guarded)
    visit.click("weights-send")
    visit.wait_text("weights-message", "Others have sent weights")
    visit.click("conflict-keep")
    visit.wait_text("weights-message", "keeps its weights")
    assert current(guarded) == theirs
    visit.click("weights-send")
    visit.click("conflict-replace")
    visit.wait_text("weights-message", "^Sent")
    assert current(guarded) != theirs
    change(guarded)
    visit.click("weights-send")
    visit.click("conflict-load")
    visit.wait_text("weights-message", "loaded")
    visit.wait_hidden("conflict-load")


def test_history_shows_where_versions_come_from_and_rolls_back(visit: Lab, guarded: RunningStack) -> None:
    visit.page.evaluate(f"sessionStorage['scrawl.token'] = {TOKEN!r}")
    change(guarded)
    visit.open().complete()
    before = current(guarded)
    visit.show("versions")
    visit.page.click("#versions summary")
    visit.wait("document.querySelectorAll('#versions li').length >= 2")
    lines = visit.page.locator("#versions li").all_inner_texts()
    assert "taught on 1 digit" in lines[0]
    assert "current" in lines[0]
    assert "shipped with Scrawl" in lines[-1]
    visit.page.click("#versions li:last-child >> text=Try")
    visit.wait_text("weights-message", "is in this tab")
    assert current(guarded) == before
    visit.page.click("#versions li:last-child >> text=Go back")
    visit.wait_text("weights-message", "again, and this tab has them")
    assert current(guarded) != before
    visit.wait_text("versions", "went back to an earlier one")


def test_history_of_an_unavailable_api_shows_the_error(visit: Lab) -> None:
    visit.page.route("**/weights/history*", lambda route: route.abort())
    visit.show("versions")
    visit.page.click("#versions summary")
    visit.wait_text("versions-message", "The API is away")


def test_api_predicts_as_well_and_reports_when_it_cannot(visit: Lab, guarded: RunningStack) -> None:
    visit.draw(3)
    visit.wait_text("prediction", "^3$")
    visit.page.check("#api-asking")
    visit.wait_text("api-prediction", "^3$")
    details = visit.wait_text("api-reading", "the same digit")
    assert current(guarded).split("-")[-1] in details
    assert " ms there and back" in details
    visit.page.route("**/predict?*", lambda route: route.fulfill(status=200, body="<html>"))
    visit.click("clear")
    visit.draw(7)
    visit.wait_text("api-trouble", "not JSON")
    visit.page.unroute("**/predict?*")
    visit.click("clear")
    visit.draw(4)
    visit.wait_text("api-prediction", "^4$")
    visit.wait_hidden("api-trouble")


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """Return a folder to run commands in."""
    return tmp_path


def copied(lab: Lab, task: str, language: str) -> str:
    lab.page.select_option("#copy-task", task)
    lab.page.select_option("#copy-language", language)
    lab.wait_text("code", {"curl": "^curl", "python": "import"}[language])
    lab.click("copy-code")
    lab.wait_text("copying", "Copied")
    return str(lab.page.evaluate("navigator.clipboard.readText()"))


def test_copied_commands_do_what_is_on_screen(lab: Lab, stack: RunningStack, shell: Path) -> None:
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.complete()
    lab.draw(4)
    lab.wait_text("prediction", "^4$")
    lab.page.select_option("#label", "4")
    lab.show("copying")
    lab.page.click("#copying summary")

    def run(task: str, language: str) -> str:
        code = copied(lab, task, language)
        command = ["bash", "-c", code] if language == "curl" else [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=shell, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    assert '"label":4' in run("predict", "curl")
    assert run("predict", "python").startswith("4 ")
    run("get", "curl")
    weights = (shell / "mlp-128.safetensors").read_bytes()
    (shell / "mlp-128.safetensors").unlink()
    assert "version" in run("get", "python")
    assert (shell / "mlp-128.safetensors").read_bytes() == weights
    for language in ("curl", "python"):
        assert "accuracy" in run("send", language)
        assert "accuracy" in run("teach", language)
    newest = requests.get(f"{stack.url}/api/weights/history?model=mlp-128", timeout=30).json()["versions"][:4]
    assert [entry["source"] for entry in newest] == ["patch", "upload", "patch", "upload"]
