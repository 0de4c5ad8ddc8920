"""The page without an API, on hosts that send `.gz` files either way; `test_engines` visits it in each browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.eight_cores import give_eight_cores
from tests.support.lab import Lab
from tests.support.servers.file_server import file_server, isolating_server, unpacking_server


@pytest.fixture(params=[file_server, unpacking_server], ids=["as they are", "unpacked"], scope="module")
def hosted(request: pytest.FixtureRequest, static_folder: Path, browser: Browser) -> Iterator[Lab]:
    """Visit the page on a host."""
    context = browser.new_context()
    with request.param(static_folder) as url:
        lab = Lab(context.new_page(), f"{url}/lab/digits/").open().complete()
        yield lab
        assert lab.errors == []
        context.close()


def test_page_reads_trains_and_shows_samples_without_an_api(hosted: Lab) -> None:
    hosted.wait_text("api-status", "Works without a server")
    assert "shipped weights" in hosted.wait_text("weights-origin", "weights")
    hosted.draw(3)
    hosted.wait_text("prediction", "^3$")
    hosted.click("sample")
    hosted.wait_text("draw-message", "[0-9]")
    hosted.page.fill("#cache-size", "2")
    hosted.click("weights-new")
    hosted.wait_text("weights-origin", "random")
    hosted.click("train")
    hosted.wait_number("test-accuracy", 70)
    hosted.click("train")
    hosted.wait_text("in-flight", "^0$")
    hosted.page.select_option("#model", "conv-32-64")
    hosted.wait_text("weights-origin", "shipped weights")
    hosted.page.select_option("#model", "mlp-128")
    hosted.click("weights-load")
    hosted.wait_text("weights-message", "The shipped weights are loaded")


def test_nothing_is_offered_that_needs_an_api(hosted: Lab) -> None:
    for name in ("weights-send", "weights-reset"):
        hosted.wait_hidden(name)
    assert hosted.text("weights-load") == "Load shipped"
    hosted.page.click(".tabs [data-tab=share]")
    assert "no server" in hosted.text("share-hint")
    for name in ("versions", "copying", "api-asking"):
        assert hosted.page.query_selector(f"#{name}") is None
    assert hosted.page.query_selector("#files")


def test_page_trains_on_one_core_and_says_why(hosted: Lab) -> None:
    hosted.wait_text("threads", "^on 1 core$")
    assert "not isolated" in hosted.wait_text("cores-help", "One thread trains")


def test_page_trains_on_all_cores_where_the_host_isolates_it(static_folder: Path, browser: Browser) -> None:
    context = browser.new_context()
    with isolating_server(static_folder) as url:
        lab = Lab(context.new_page(), f"{url}/lab/digits/")
        give_eight_cores(lab.page)
        lab.open().complete()
        lab.wait_text("threads", "^on 7 cores$")
        lab.page.fill("#cache-size", "2")
        lab.click("weights-new")
        lab.click("train")
        lab.wait_number("test-accuracy", 70)
        assert lab.text("threads") == "on 7 cores"
        assert lab.errors == []
        context.close()
