"""The page under its own security headers: everything works, and what it does not need is refused."""

from pathlib import Path

import requests
from playwright.sync_api import Page

from infra.page.headers import page_headers
from infra.paths import SITE
from tests.support.lab import PATIENCE, Lab

# Notes what the policy refuses, in the page and before any of its scripts runs.
WATCH = """
window.refused = []
document.addEventListener('securitypolicyviolation', ({ violatedDirective: what, blockedURI: whose }) => {
  refused.push(`${what} ${whose}`)
})
"""
TRY = """
async () => {
  const script = document.createElement('script')
  script.textContent = 'window.injected = true'
  document.body.append(script)
  const elsewhere = await fetch('https://example.org/').then(() => 'sent', () => 'not sent')
  return [window.injected === true, elsewhere]
}
"""


def test_the_page_passes_its_policy_and_is_isolated(page: Page, base_url: str) -> None:
    page.add_init_script(WATCH)
    lab = Lab(page, base_url).open().complete()
    lab.draw(3)
    lab.click("train")
    page.wait_for_function("parseFloat(document.querySelector('#test-accuracy').textContent) > 80", timeout=PATIENCE)
    lab.click("train")
    lab.show("files")
    page.click("#files summary")
    with page.expect_download() as saved:
        page.click("#download-safetensors")
    assert saved.value.path().stat().st_size > 400_000
    assert page.evaluate("refused") == []
    assert lab.errors == []
    assert page.evaluate("crossOriginIsolated") is True


def test_scripts_and_addresses_of_others_are_refused(page: Page, base_url: str) -> None:
    page.add_init_script(WATCH)
    Lab(page, base_url).open()
    assert page.evaluate(TRY) == [False, "not sent"]
    page.wait_for_function("refused.length >= 2")
    assert [refused.split()[0] for refused in page.evaluate("refused")] == ["script-src-elem", "connect-src"]


def test_every_file_comes_with_the_headers(base_url: str) -> None:
    expected = page_headers((SITE / "index.html").read_text("utf-8"))
    page = requests.get(base_url, timeout=30)
    worker = page.text.split('data-worker="')[1].split('"')[0]
    assert Path(worker).name == "worker.js"
    for answer in (page, requests.get(f"{base_url}/{worker}", timeout=30)):
        assert {name: answer.headers.get(name) for name in expected} == expected
