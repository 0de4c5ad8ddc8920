"""The weights that a network starts with: from the last visit, else the shared ones, small first."""

from __future__ import annotations

import types
from typing import Any

import pytest
from scrawl.app.initial_weights import InitialWeights
from scrawl.app.page import Page
from scrawl.client.fetching import ApiUnavailableError

from tests.site.app.conftest import Link
from tests.support.fake_browser import window

MODEL = "mlp-128"


class Api:
    """An API with shared weights, or one that fails."""

    def __init__(self) -> None:
        self.failure: Exception | None = None

    async def weights(self, model: str, small: bool = False) -> tuple[bytes, str]:
        if self.failure:
            raise self.failure
        return f"{model} {'small' if small else 'exact'}".encode(), "etag"


class Restorer:
    """What an earlier visit has left."""

    def __init__(self) -> None:
        self.saved = False
        self.failure: Exception | None = None

    async def restore_weights(self, _model: str) -> bool:
        if self.failure:
            raise self.failure
        return self.saved

    def discard_refused(self, _model: str) -> bool:
        saved, self.saved = self.saved, False
        return saved


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def restorer() -> Restorer:
    return Restorer()


@pytest.fixture
def away() -> list[str]:
    return []


@pytest.fixture
def weights(page: Page, api: Api, restorer: Restorer, away: list[str]) -> InitialWeights:
    connection: Any = types.SimpleNamespace(mark_unavailable=away.append, on_connected=lambda _action: None)
    return InitialWeights(page, api, connection, restorer)  # type: ignore[arg-type] # what it uses of them


def loaded(link: Link) -> list[bytes]:
    return [fields["buffer"] for kind, fields in link.sent if kind == "load_weights"]


def test_shared_weights_come_small_and_then_exact(weights: InitialWeights, link: Link) -> None:
    weights.request()
    weights.request()  # they are on their way already
    assert loaded(link) == [b"mlp-128 small"]
    link.report("weights_loaded", model=MODEL, origin="quick", metadata="{}")
    assert loaded(link) == [b"mlp-128 small", b"mlp-128 exact"]
    link.report("weights_loaded", model=MODEL, origin="shared", metadata="{}")
    weights.request()
    assert len(loaded(link)) == 2
    assert not window.timers


def test_weights_of_the_last_visit_come_first(weights: InitialWeights, link: Link, restorer: Restorer) -> None:
    restorer.saved = True
    weights.request()
    assert loaded(link) == []
    link.report("weights_refused", model=MODEL, origin="kept", message="damaged")
    assert loaded(link) == [b"mlp-128 small"]


def test_saved_weights_that_do_not_come_do_not_hold_up_the_page(page: Page) -> None:
    page.state.record.opened = True
    page.dispatch("weights_late", saved=True)
    assert page.state.phase == "ready"
    assert "saved in this browser" in page.state.record.notices["weights"].text


def test_network_trained_meanwhile_keeps_its_weights(weights: InitialWeights, page: Page, link: Link) -> None:
    page.dispatch("new_weights_wanted")
    weights.request()
    assert loaded(link) == []


def test_weights_are_fetched_once_the_api_is_back(
    weights: InitialWeights, api: Api, link: Link, away: list[str]
) -> None:
    api.failure = ApiUnavailableError("no answer")
    weights.request()
    assert away == ["no answer"]
    api.failure = None
    weights.request()
    assert loaded(link) == [b"mlp-128 small"]


@pytest.mark.parametrize("who", ["api", "restorer"])
def test_exception_nobody_expected_does_not_keep_weights_from_being_fetched_again(
    weights: InitialWeights, api: Api, restorer: Restorer, link: Link, who: str
) -> None:
    failing = {"api": api, "restorer": restorer}[who]
    failing.failure = TypeError("nobody expected this")  # type: ignore[attr-defined] # both have it
    with pytest.raises(TypeError):
        weights.request()
    assert not window.timers
    failing.failure = None  # type: ignore[attr-defined]
    weights.request()
    assert loaded(link) == [b"mlp-128 small"]


def test_worker_that_died_with_weights_on_their_way_is_not_waited_for(weights: InitialWeights, link: Link) -> None:
    weights.request()
    weights.forget_requests()
    weights.request()
    assert len(loaded(link)) == 2


def test_network_that_is_opened_instead_gets_its_weights(weights: InitialWeights, page: Page, link: Link) -> None:
    """What was saved may name a network that is not there any more."""
    page.state.model = "of-another-version"
    weights.request()
    page.state.model = MODEL
    link.report("opened", model=MODEL)
    assert loaded(link)[-1] == b"mlp-128 small"


def test_network_with_only_a_name_is_requested_where_the_api_lists_it(
    weights: InitialWeights, page: Page, link: Link
) -> None:
    page.state.model = "mlp-300"
    weights.request()
    assert loaded(link) == []  # what the API shares is not known yet
    page.state.shared_models = [MODEL, "mlp-300"]
    weights.request()
    assert loaded(link) == [b"mlp-300 small"]


def test_network_that_the_api_does_not_list_is_not_requested(weights: InitialWeights, page: Page, link: Link) -> None:
    page.state.model = "mlp-300"
    page.state.shared_models = [MODEL]
    weights.request()
    assert loaded(link) == []
    assert page.state.record.origin == "random"
