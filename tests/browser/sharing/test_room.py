"""A room for a class: opened, reset and ended by its owner, found again by a reload, open at the machine's address.

One visit does all that its owner does; it is at an address that is no secure context, as on a class's tablets.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser

from tests.browser.sharing.test_together import KEEP
from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

OTHERS = re.compile(r"Others in this network open (http://\S+)")
# Chromium says as an error that it ignores headers which need a secure context.
UNTRUSTWORTHY = "header has been ignored, because the URL's origin was untrustworthy"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, seeded_folder: Path) -> Iterator[RunningStack]:
    options = ("--host", "0.0.0.0", "--anyone")
    running = RunningStack(tmp_path_factory.mktemp("scrawl"), copy_of=seeded_folder, options=options)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def address(school: RunningStack) -> str:
    """Return where a class opens the page."""
    found = OTHERS.search(school.output)
    if not found:
        pytest.skip("this machine has no network")
    return found[1]


@pytest.fixture(scope="module")
def owner(browser: Browser, address: str) -> Iterator[Lab]:
    """Visit with 40 digits of one's own, and open a room."""
    lab = visit_with_digits(browser, address)
    asked: list[str] = []
    lab.page.on("request", lambda request: asked.append(request.url))
    lab.wait("document.querySelector('#room-open:enabled') !== null")
    lab.page.dblclick("#room-open")
    lab.wait_text("together-part", "This tab has added")
    lab.wait("document.activeElement.id === 'together-start'")  # what had the focus is hidden
    assert [url.rsplit("/", 1)[-1] for url in asked].count("rooms") == 1  # a double click opens one
    yield lab
    lab.page.context.close()


def visit_with_digits(browser: Browser, address: str) -> Lab:
    """Visit with 40 digits of one's own, and open the drawer of learning together. The context is to be closed."""
    lab = Lab(browser.new_context(service_workers="block").new_page(), address).open().complete()
    lab.page.evaluate(KEEP)
    lab.page.reload()
    lab.complete()
    open_drawer(lab)
    return lab


def open_drawer(lab: Lab) -> None:
    lab.page.evaluate("document.querySelector('.tabs [data-tab=share]').click()")
    lab.click("together")


def stored(lab: Lab) -> str:
    """Return what the tab remembers of its room."""
    found: str = lab.page.evaluate("sessionStorage.getItem('scrawl.room') ?? ''")
    return found


def owner_code(lab: Lab) -> str:
    return stored(lab).split()[-1]


def room_of(address: str, code: str) -> dict[str, Any]:
    asked = requests.get(f"{address}/api/rooms/{code[:14]}", headers={"Authorization": f"Bearer {code}"}, timeout=30)
    found: dict[str, Any] = asked.json()
    return found


def test_page_works_where_it_is_no_secure_context(owner: Lab) -> None:
    assert owner.page.evaluate("isSecureContext") is False
    owner.draw(3)
    owner.wait_text("prediction", "^3$")
    owner.wait_text("cores-help", "One thread trains: this page is not isolated")
    assert [error for error in owner.errors if UNTRUSTWORTHY not in error] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_camera_reads_the_rooms_address(owner: Lab, address: str, scheme: Any) -> None:
    owner.page.emulate_media(color_scheme=scheme)
    picture = Image.open(io.BytesIO(owner.page.locator(".qr svg").screenshot()))
    owner.page.emulate_media(color_scheme="null")
    assert min(picture.size) >= 280
    (found,) = zxingcpp.read_barcodes(np.asarray(picture.convert("L")))
    assert found.text == f"{address}/#room={owner_code(owner)[:14]}"


def test_reload_finds_the_room_again_which_the_address_does_not_name(owner: Lab) -> None:
    code = owner_code(owner)
    assert "room" not in owner.page.url
    owner.page.reload()
    owner.complete()
    owner.wait_text("room-address", f"Room {code[:14]}")
    owner.wait_text("together-part", "This tab has added")
    assert owner_code(owner) == code
    assert owner.page.is_visible("#room-end")


def test_owner_starts_over_and_ends_the_room(owner: Lab, address: str) -> None:
    code = owner_code(owner)
    before = room_of(address, code)["room"]["version"]
    with owner.page.expect_response(lambda answer: answer.url.endswith("/reset")) as resetting:
        owner.click("room-reset")
    made = resetting.value.headers["etag"].strip('"')
    assert before < made <= room_of(address, code)["room"]["version"]
    owner.wait_text("together-message", "has its first weights again")
    owner.click("room-end")
    owner.wait_text("together-message", "The room is over, for everybody")
    assert room_of(address, code)["error"]["code"] == "not_found"
    assert stored(owner) == ""
    owner.page.reload()
    owner.complete()
    assert owner.page.evaluate("document.getElementById('room-address')?.hidden ?? true")


def test_link_to_a_room_is_followed_once_and_leaving_forgets_it(owner: Lab, address: str) -> None:
    """After the room's end the tab is free to join another one, by a link."""
    code = requests.post(f"{address}/api/rooms", json={}, timeout=30).json()["code"]
    owner.page.goto(f"{address}/#rate=0.03&room={code}")
    owner.wait_text("room-address", f"Room {code}")
    assert code not in owner.page.url
    assert owner_code(owner) == code
    owner.click("together-start")
    owner.wait_text("together-message", "learns for itself again")
    assert stored(owner) == ""


@pytest.mark.ci_only
def test_convolution_is_learned_with_mnist_as_well(owner: Lab, address: str) -> None:
    code = requests.post(f"{address}/api/rooms", json={"model": "conv-32-64"}, timeout=30).json()["code"]
    owner.page.goto("about:blank")
    owner.page.goto(f"{address}/#room={code}")
    owner.complete()
    owner.wait_text("together-part", "from 40 digits")
    owner.page.check("#together-mnist")
    owner.wait_text("together-part", "from 552 digits")
    assert [error for error in owner.errors if UNTRUSTWORTHY not in error] == []
