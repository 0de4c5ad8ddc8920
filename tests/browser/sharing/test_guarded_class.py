"""A class at the machine's address, where changing weights needs the token: thirty clients beside a real tab."""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from playwright.sync_api import Browser

from bench.classroom.tab import Tab
from functions.dataset import block
from functions.dataset.block import Block
from functions.weights import safetensors
from tests.browser.sharing.test_room import OTHERS, UNTRUSTWORTHY, owner_code, visit_with_digits
from tests.browser.sharing.test_sharing_versions import give_token
from tests.support.servers.running_stack import RunningStack

TOKEN, CLIENTS = "of the class", 30


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, seeded_folder: Path) -> Iterator[str]:
    """Run a stack for the network, with a token, and return its address there."""
    running = RunningStack(
        tmp_path_factory.mktemp("scrawl"),
        copy_of=seeded_folder,
        options=("--host", "0.0.0.0"),
        SCRAWL_WRITE_TOKEN=TOKEN,
    )
    found = OTHERS.search(running.output)
    if found:
        yield found[1]
    running.stop()
    if not found:
        pytest.skip("this machine has no network")


@dataclass
class JoinedRoom:
    """A room that others opened, as `Tab` needs it."""

    url: str
    code: str
    model: str = "mlp-128"

    def ask(self, method: str, path: str, query: dict[str, Any], code: str, body: bytes = b"") -> requests.Response:
        headers = {"Authorization": f"Bearer {code}", "Accept": "application/vnd.safetensors, application/json;q=0.5"}
        if body:
            headers["Content-Type"] = "application/vnd.safetensors"
        address = f"{self.url}/api/{path}"
        while (
            answer := requests.request(method, address, params=query, headers=headers, data=body, timeout=120)
        ).status_code == 409:  # too many were faster, which it has waited for: again
            continue
        return answer

    def weights(self) -> tuple[dict[str, np.ndarray], str]:
        found, metadata = safetensors.decode(self.ask("GET", "weights", {"model": self.model}, self.code).content)
        return {name: np.asarray(tensor, np.float32) for name, tensor in found.items()}, metadata["version"]


def digits(address: str) -> Block:
    """Return 40 of MNIST's: those that are made up would do harm, and be refused."""
    octets = {"Accept": "application/octet-stream"}
    return block.decode(
        requests.post(f"{address}/api/datablock", json={"block": 40}, headers=octets, timeout=60).content
    )


@pytest.mark.ci_only
def test_thirty_clients_learn_beside_a_tab_that_has_the_token(browser: Browser, address: str) -> None:
    lab = visit_with_digits(browser, address)
    lab.click("room-open")
    for token in ("a wrong one", TOKEN):
        lab.wait_text("together-message", "token")
        lab.page.wait_for_selector("#token-form:not([hidden])")
        give_token(lab, token)
        lab.wait_hidden("token-form")
        lab.click("room-open")
    lab.wait_text("together-part", "This tab has added")
    room = JoinedRoom(address, owner_code(lab)[:14])
    tabs = [Tab(room, digits(address)) for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(Tab.one_round, tabs))
    assert sum((tab.answers for tab in tabs), Counter[int]()) == {201: CLIENTS}
    lab.wait_text("together-count", r"^([2-9]|[123]\d)$")
    times = re.findall(r"added to it \w+", lab.text("together-part"))[0]
    lab.wait(f"!document.getElementById('together-part').textContent.includes({times!r})")
    refused = requests.post(f"{address}/api/rooms", json={}, timeout=30)
    assert refused.status_code == 401
    assert [error for error in lab.errors if UNTRUSTWORTHY not in error and " 40" not in error] == []
    lab.page.context.close()
