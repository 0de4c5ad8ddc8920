"""Buttons and fields: what they send, and that a failure leaves them usable."""

from __future__ import annotations

import types
from typing import Any

import pytest
from scrawl.app.actions import Actions
from scrawl.app.page import Page
from scrawl.client.fetching import ApiUnavailableError, RefusedError

from tests.site.app.conftest import Link
from tests.support.fake_browser import document, window


class Api:
    """An API that answers with a digit, or fails."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.requests = 0

    async def sample(self) -> tuple[bytes, int]:
        self.requests += 1
        if self.failure:
            raise self.failure
        return bytes(784), 4


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def away() -> list[str]:
    """Return the messages with which the API was marked as away."""
    return []


@pytest.fixture
def actions(page: Page, api: Api, away: list[str]) -> Actions:
    connection = types.SimpleNamespace(mark_unavailable=away.append)
    parts = {"page": page, "api": api, "connection": connection, "models": None, "initial_weights": None}
    app: Any = types.SimpleNamespace(**parts)
    return Actions(app)


def test_sample_shows_the_digit_of_the_api(actions: Actions, page: Page) -> None:
    actions.sample()
    assert page.state.label == 4
    assert not window.timers


def test_sample_comes_from_the_worker_while_the_api_is_unavailable(
    actions: Actions, api: Api, link: Link, away: list[str]
) -> None:
    api.failure = ApiUnavailableError("no answer")
    actions.sample()
    assert (away, link.kinds()) == (["no answer"], ["sample"])


def test_refusal_of_a_sample_is_shown(actions: Actions, api: Api, page: Page) -> None:
    api.failure = RefusedError(404, "no such split", "")
    actions.sample()
    assert page.state.notices["draw"].text == "no such split"


def test_sample_can_be_asked_for_again_after_an_exception_nobody_expected(actions: Actions, api: Api) -> None:
    api.failure = KeyError("data")
    with pytest.raises(KeyError):
        actions.sample()
    assert not window.timers
    api.failure = None
    actions.sample()
    assert api.requests == 2


def test_train_button_starts_and_pauses(actions: Actions, link: Link, page: Page) -> None:
    actions.train()
    assert page.state.training
    actions.train()
    assert link.kinds() == ["train", "pause"]
    assert not page.state.training


def test_press_is_shown_without_waiting_for_a_frame(actions: Actions, page: Page) -> None:
    shown: list[bool] = []
    page.frame_views.append(types.SimpleNamespace(render=lambda state: shown.append(state.training)))
    others: list[bool] = []
    page.views.append(types.SimpleNamespace(render=lambda state: others.append(state.training)))
    actions.train()  # no frame runs
    assert (shown, others) == ([True], [])
    actions.train()
    assert (shown, others) == ([True, False], [])
    window.run_frame()
    assert others == [False]  # once for both


@pytest.mark.usefixtures("actions")
def test_setting_that_cannot_be_used_is_not_sent(link: Link, page: Page) -> None:
    field = document["batch-size"]
    for text in ("none", "32"):
        field.on_input(types.SimpleNamespace(target=types.SimpleNamespace(value=text)))
        assert page.state.settings["batch_size"] == (64 if text == "none" else 32)
        window.run_frame()
    assert link.kinds() == ["settings"]


def test_settings_are_sent_before_what_they_are_for(actions: Actions, link: Link, page: Page) -> None:
    page.dispatch("weights_loaded", model=page.state.model, origin="shared", metadata={})
    document["batch-size"].on_input(types.SimpleNamespace(target=types.SimpleNamespace(value="32")))
    actions.train()  # no frame runs
    assert link.kinds() == ["settings", "train"]
    actions.new_weights()  # which have another learning rate
    assert link.kinds()[2:] == ["settings", "randomise"]
