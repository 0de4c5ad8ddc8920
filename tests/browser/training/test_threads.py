"""Training on several cores in the page: the same run on any number; in words where it is one, or a helper stops."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route

from tests.support.eight_cores import give_eight_cores
from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

RUN = "seed=7&batch_size=128&target=85&weights=new"
# Start helpers from where the page's policy does not let scripts come from.
NOT_ALLOWED = "{ const Own = Worker; self.Worker = function () { return new Own('data:text/javascript,') } }\n"
# Start helpers without a memory: they throw.
NO_MEMORY = """{ const post = Worker.prototype.postMessage
Worker.prototype.postMessage = function (message) { post.call(this, { ...message, memory: null }) } }\n"""


@pytest.fixture
def visitor(browser: Browser, stack: RunningStack) -> Iterator[Lab]:
    """Visit the page on a device of eight cores."""
    context = browser.new_context()
    lab = Lab(context.new_page(), stack.url)
    give_eight_cores(lab.page)
    yield lab
    assert lab.errors == []
    context.close()


def run(lab: Lab, cores: str) -> tuple[str, ...]:
    """Train to a target on so many cores; return what came of it."""
    lab.page.evaluate(f"location.hash = '{RUN}&cores={cores}'")
    lab.wait_value("cores", cores)
    lab.wait_text("weights-origin", "random weights")
    lab.wait_text("iteration", "^0$")
    lab.click("train")
    lab.wait_text("train-message", "^Stopped at iteration")
    return lab.wait_still("iteration", "loss", "train-accuracy", "test-accuracy")


def test_run_is_the_same_on_any_number_of_cores(visitor: Lab) -> None:
    visitor.open().complete()
    visitor.wait_text("threads", "^on 7 cores$")
    found = {cores: run(visitor, cores) for cores in ("1", "2", "8")}
    visitor.wait_text("threads", "^on 8 cores$")
    assert found["1"] == found["2"] == found["8"]


@pytest.mark.parametrize("count", ["0", "128"])
def test_unusable_number_of_cores_is_explained(visitor: Lab, count: str) -> None:
    visitor.url += f"/#cores={count}"
    visitor.open().complete()
    visitor.wait_text("page-message", f"Cores can be one of auto, 1, 2, 4, 8, 16, got {count}")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(NOT_ALLOWED, "cannot be started"), (NO_MEMORY, "stopped: LinkError")],
)
def test_helper_that_fails_is_explained_and_training_goes_on(visitor: Lab, spoil: str, why: str) -> None:
    give_eight_cores(visitor.page, spoil)
    visitor.open().complete()
    visitor.click("weights-new")
    visitor.wait_text("weights-origin", "random")
    visitor.click("train")
    visitor.wait_text("threads", "^on 1 core$")
    assert why in visitor.wait_text("cores-help", "One thread trains")
    visitor.wait_number("test-accuracy", 80)
    visitor.click("train")
    visitor.errors.clear()  # what the policy has said


def test_page_that_is_not_isolated_trains_on_one_thread_and_says_so(visitor: Lab) -> None:
    def without_isolation(route: Route) -> None:
        response = route.fetch()
        headers = {name: value for name, value in response.headers.items() if not name.startswith("cross-origin")}
        route.fulfill(response=response, headers=headers)

    visitor.page.route(lambda url: url.rstrip("/") == visitor.url.rstrip("/"), without_isolation)
    visitor.open().complete()
    visitor.wait_text("threads", "^on 1 core$")
    assert "not isolated" in visitor.wait_text("cores-help", "One thread trains")
    visitor.click("step")
    visitor.wait_number("iteration", 1)
