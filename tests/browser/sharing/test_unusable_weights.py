"""Shared weights that cannot be used stop nobody's page: it says so, takes an earlier version, offers to go back."""

import numpy as np
import pytest
import requests
from playwright.sync_api import Page, Route

from functions.weights import safetensors
from functions.weights.int8 import to_int8
from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack, teach

SAFETENSORS = "application/vnd.safetensors"


def poison(page: Page, stack: RunningStack, value: float) -> None:
    """Have the API answer with weights one of which is so large, for the current version, not for older ones."""
    answer = requests.get(f"{stack.url}/api/weights", headers={"Accept": SAFETENSORS}, timeout=30)
    found, metadata = safetensors.decode(answer.content)
    weights = {name: np.array(tensor, np.float32) for name, tensor in found.items()}
    weights["fc1.weight"][0, 0] = value
    bodies = {True: safetensors.encode(to_int8(weights), metadata), False: safetensors.encode(weights, metadata)}

    def fulfil(route: Route) -> None:
        if "version=" in route.request.url:
            route.continue_()
        else:
            body = bodies["precision=int6" in route.request.url]
            route.fulfill(body=body, headers={"Content-Type": SAFETENSORS, "ETag": answer.headers["ETag"]})

    page.route("**/api/weights?model=mlp-128*", fulfil)


@pytest.mark.parametrize("value", [1e20, 3e38])
def test_page_opens_with_an_earlier_version_and_goes_back_to_it(
    visitor: Lab, stack: RunningStack, value: float
) -> None:
    teach(stack.url)
    poison(visitor.page, stack, value)
    visitor.open().complete()
    assert "fc1.weight" in visitor.wait_text(
        "weights-message", "The shared weights cannot be used: .* This tab uses an"
    )
    visitor.draw(1)
    visitor.wait_text("prediction", "^1$")
    visitor.click("recovery-go-back")
    visitor.wait_text("weights-message", "The shared weights are those with .* again")
    versions = requests.get(f"{stack.url}/api/weights/history", timeout=30).json()["versions"]
    assert versions[0]["source"] == "rollback"
    visitor.wait_hidden("recovery-go-back")
