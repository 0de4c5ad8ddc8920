"""Tabs learn together: two and a late third, one goes offline and comes back, one closes amid an upload.

No picture leaves any of them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Request

from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

WEIGHTS = 101_770 * 4  # bytes of mlp-128
UPDATE = 101_632 + 138 * 4 + 138 * 4  # and of a difference: matrices as int8, a scale for each row, biases
# Puts 40 digits of MNIST's test split where the browser keeps the person's own.
KEEP = """async () => {
  const open = indexedDB.open('scrawl')
  const base = await new Promise(done => { open.onsuccess = () => done(open.result) })
  const asked = {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"block": 40}'}
  const {data} = await (await fetch('api/datablock?split=test', asked)).json()
  const store = base.transaction('kept', 'readwrite').objectStore('kept')
  data.forEach(({target, image}, n) => store.put(
    {label: target, picture: Uint8Array.from(image, value => Math.round(255 * value))}, `digits/${n}`))
  await new Promise(done => { store.transaction.oncomplete = done })
  base.close()
}"""


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, seeded_folder: Path) -> Iterator[RunningStack]:
    running = RunningStack(tmp_path_factory.mktemp("scrawl"), copy_of=seeded_folder)
    yield running
    running.stop()


def visit(browser: Browser, stack: RunningStack, room: str) -> tuple[Lab, list[Request]]:
    """Visit with 40 digits of one's own, and join a room."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    Lab(page, stack.url).open().complete()
    page.evaluate(KEEP)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method != "GET" else None)
    page.goto("about:blank")
    lab = Lab(page, f"{stack.url}/#room={room}").open().complete()
    return lab, sent


@pytest.mark.ci_only
def test_tabs_learn_together_and_no_picture_leaves_them(browser: Browser, together: RunningStack) -> None:
    public = requests.get(f"{together.url}/api/weights/updates", timeout=30).json()["version"]
    room = requests.post(f"{together.url}/api/rooms", json={}, timeout=30).json()["code"]
    (first, sent), (second, _) = visit(browser, together, room), visit(browser, together, room)
    for lab in (first, second):
        lab.wait_text("together-part", "This tab has added")
    first.wait_text("together-count", "^2$")
    third, _ = visit(browser, together, room)
    third.wait_text("together-part", "This tab has added")
    first.wait_text("together-count", "^3$")
    first.wait_text("together-range", r"from \d.*% to \d.*%")
    second.page.context.set_offline(True)
    second.wait_text("together-message", "sent once it is back")
    second.page.context.set_offline(False)
    second.wait("document.getElementById('together-message').hidden")
    first.draw(3)
    first.wait_text("prediction", "^3$")
    bodies = [(request.url.split("/api/")[1].split("?")[0], request.post_data_buffer or b"") for request in sent]
    assert bodies
    assert {path for path, _ in bodies} == {"weights/updates"}
    assert all(UPDATE < len(body) < UPDATE + 2000 for _, body in bodies)
    assert requests.get(f"{together.url}/api/weights/updates", timeout=30).json()["version"] == public
    assert first.errors == []
    for lab in (first, second, third):
        lab.page.context.close()


@pytest.mark.ci_only
def test_owner_who_leaves_amid_an_upload_leaves_a_room_that_goes_on(browser: Browser, together: RunningStack) -> None:
    opened = requests.post(f"{together.url}/api/rooms", json={}, timeout=30).json()
    (owner, _), (other, _) = (visit(browser, together, opened[name]) for name in ("owner_code", "code"))
    other.wait_text("together-part", "This tab has added")
    slow = owner.page.context.new_cdp_session(owner.page)
    slow.send("Network.enable")
    rates = {"downloadThroughput": -1, "uploadThroughput": UPDATE / 60, "latency": 0, "offline": False}
    with owner.page.expect_request(lambda request: request.method == "POST" and "updates" in request.url):
        slow.send("Network.emulateNetworkConditions", rates)
    owner.page.context.close()
    (times,) = re.findall(r"added to it (\w+)", other.text("together-part"))
    other.wait(f"!document.getElementById('together-part').textContent.includes('added to it {times}')")
    other.wait_text("together-accuracy", "%")
    assert other.errors == []
    code = {"Authorization": f"Bearer {opened['code']}"}
    versions = requests.get(f"{together.url}/api/weights/history", headers=code, timeout=30).json()["versions"]
    assert all(len(fetched(together, code, entry["version"])) > WEIGHTS for entry in versions)
    other.page.context.close()


def fetched(stack: RunningStack, headers: dict[str, str], version: str) -> bytes:
    """Return a version's tensors, of which each must still be whole."""
    said = headers | {"Accept": "application/vnd.safetensors"}
    answer = requests.get(f"{stack.url}/api/weights?version={version}", headers=said, timeout=30)
    assert answer.status_code == 200
    return answer.content
