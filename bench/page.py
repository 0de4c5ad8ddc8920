"""The page on the running stack: bytes and time until it can be used, until it is complete, and without a network;
training to 97 %, and the longest tasks meanwhile, as the page is found and with every panel opened and on the screen.

Every round is a first visit: a new browser profile, nothing cached. Bytes are counted on the wire, by a proxy between
browser and stack, headers included; times are taken without it. Medians are printed, and all figures are written to
build/bench/page.json: `python -m bench.page`, `--url` for a stack that runs already.
"""

import contextlib
import dataclasses
import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import requests
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from bench.browser.counting_proxy import CountingProxy
from bench.browser.tab import CHROMIUM_FLAGS
from bench.browser.tasks import Task, main_thread_tasks, recorded
from infra.paths import BUILD
from tests.support.browser import installed_browser
from tests.support.servers.running_stack import RunningStack

# The page asks for this once it can be used; until then it makes do with a seventh of the bytes.
EXACT_WEIGHTS = b"GET /api/weights?model=mlp-128 HTTP"
GOAL = 97  # per cent of the test digits
TRAINING_SECONDS = 5
WIDE = ViewportSize(width=1440, height=900)
TALL = ViewportSize(width=1440, height=5000)  # shows the whole page at once
DETAILS = "details => details.forEach((each, i) => setTimeout(() => { each.open = true }, 200 * i))"
LATER_BYTES = """performance.getEntriesByType('resource')
  .filter(entry => /(scrawl-later[.]js|later[.]css)$/.test(entry.name))
  .reduce((sum, entry) => sum + entry.transferSize, 0)"""
# Notes when the page becomes ready, when Train is clicked, and when the goal is reached, as they happen.
WATCH = f"""
addEventListener('DOMContentLoaded', () => {{
  const note = (target, options, test, name) => {{
    const observer = new MutationObserver(() => {{
      if (window[name] === undefined && test()) window[name] = performance.now();
    }});
    observer.observe(target, options);
  }};
  const accuracy = document.querySelector('#test-accuracy');
  const measured = () => window._clicked && document.querySelector('#test-count').textContent.startsWith('on ');
  note(document.body, {{attributes: true}}, () => document.body.dataset.state === 'ready', '_ready');
  note(document.body, {{attributes: true}}, () => document.body.dataset.complete === 'yes', '_complete');
  note(accuracy, {{childList: true, characterData: true, subtree: true}},
       () => measured() && parseFloat(accuracy.textContent) < 90, '_first');
  note(accuracy, {{childList: true, characterData: true, subtree: true}},
       () => window._first && measured() && parseFloat(accuracy.textContent) >= {GOAL}, '_reached');
  document.querySelector('#train').addEventListener('click', () => {{ window._clicked ??= performance.now(); }});
}});
"""


@click.command()
@click.option("--url", help="A running stack; one is started when left out.")
@click.option("--rounds", default=5, show_default=True)
def main(url: str | None, rounds: int) -> None:
    """Measure, print and write."""
    with chromium_and_stack(url) as (browser, url):
        figures = {
            "digits": digits_of(url),
            "transferred_bytes": transferred(browser, url),
            "later_bytes": noted(browser, url, "_complete", LATER_BYTES),
            "ready_ms": [noted(browser, url, "_ready") for _ in range(rounds)],
            "complete_ms": [noted(browser, url, "_complete") for _ in range(rounds)],
            "offline_ms": [offline(browser, url) for _ in range(rounds)],
            "seconds_to_97": [seconds_to_goal(browser, url) for _ in range(rounds)],
            "longest_tasks": [longest_tasks(browser, url, WIDE, just_watch) for _ in range(rounds)],
            "longest_tasks_all_open": [longest_tasks(browser, url, TALL, open_everything) for _ in range(rounds)],
            "load_average": os.getloadavg()[0],
        }
    report(figures)


@contextlib.contextmanager
def chromium_and_stack(url: str | None) -> Iterator[tuple[Browser, str]]:
    """Start Chromium, and a stack unless the address of one is given; return both, the stack by its address."""
    with contextlib.ExitStack() as parts:
        url = url or parts.enter_context(running_stack())
        playwright = parts.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=installed_browser(), args=CHROMIUM_FLAGS)
        parts.callback(browser.close)
        yield browser, url


@contextlib.contextmanager
def running_stack() -> Iterator[str]:
    """Run a stack with its data in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        stack = RunningStack(Path(folder))
        try:
            yield stack.url
        finally:
            stack.stop()


@contextlib.contextmanager
def visit(browser: Browser, url: str, viewport: ViewportSize = WIDE) -> Iterator[Page]:
    """Visit the page for the first time and wait until it can be used."""
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(url)
    page.wait_for_function("window._ready !== undefined", timeout=60_000)
    yield page
    context.close()


def transferred(browser: Browser, url: str) -> int:
    """Return how many bytes the stack has sent by the time the page can be used."""
    proxy = CountingProxy(urlsplit(url).port or 80, EXACT_WEIGHTS)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    page.wait_for_function("document.body.dataset.state === 'ready'", timeout=60_000)
    context.close()
    return proxy.close()


def noted(browser: Browser, url: str, name: str, wanted: str = "") -> float:
    """Return the milliseconds from the start of the navigation until the page is ready, or complete.

    Or the value of the JavaScript expression `wanted` at that moment.
    """
    with visit(browser, url) as page:
        page.wait_for_function(f"window.{name} !== undefined", timeout=60_000)
        return float(page.evaluate(wanted or name))


def offline(browser: Browser, url: str) -> float:
    """Return the milliseconds until the page can be used on a second visit without a network."""
    with visit(browser, url) as page:
        page.wait_for_function("navigator.serviceWorker.controller !== null", timeout=60_000)
        page.wait_for_function("caches.open('scrawl-answers').then(async c => (await c.keys()).length === 3)")
        page.context.set_offline(True)
        page.reload()
        page.wait_for_function("window._ready !== undefined", timeout=60_000)
        return float(page.evaluate("_ready"))


def seconds_to_goal(browser: Browser, url: str) -> list[float]:
    """Return the seconds from the click on Train until the first measurement, and until the goal is reached.

    With new weights and no digits yet, on the page as a visitor finds it, complete. That the weights are new shows in
    what they read at first: less than 90 %.
    """
    with visit(browser, url) as page:
        page.wait_for_function("window._complete !== undefined", timeout=60_000)
        page.click("#weights-new")
        page.wait_for_function("document.querySelector('#weights-origin').textContent.includes('random')")
        page.click("#train")
        page.wait_for_function("window._reached !== undefined", timeout=120_000)
        return [float(page.evaluate(f"{name} - _clicked")) / 1000 for name in ("_first", "_reached")]


def digits_of(url: str) -> str:
    """Return what the stack's digits are called: with the 1,797 that do without a network, all is easier."""
    title: str = requests.get(f"{url}/api/", timeout=60).json()["dataset"]["title"]
    return title


def longest_tasks(
    browser: Browser, url: str, viewport: ViewportSize, meanwhile: Callable[[Page], None]
) -> list[Task]:
    """Return the longest tasks of the main thread while training: that by the clock, and that on the processor."""
    with visit(browser, url, viewport) as page:
        page.wait_for_function("window._complete !== undefined", timeout=60_000)
        page.click("#sample")
        page.wait_for_timeout(500)
        events = recorded(browser, page, lambda: train(page, meanwhile))
    tasks = main_thread_tasks(events)
    return [max(tasks, key=lambda task: task.wall), max(tasks, key=lambda task: task.processor)]


def train(page: Page, meanwhile: Callable[[Page], None]) -> None:
    """Train new weights for a while."""
    page.click("#weights-new")
    page.click("#train")
    meanwhile(page)
    page.wait_for_timeout(1000 * TRAINING_SECONDS)


def just_watch(_page: Page) -> None:
    """Leave the page as it is."""


def open_everything(page: Page) -> None:
    """Open every drawer, have all that can be shown shown, and end where most of it is: looking inside."""
    page.click(".tabs [data-tab=mistakes]")
    page.click("#count")
    page.click("#saliency")
    page.click(".tabs [data-tab=draw]")
    page.check("#api-asking")
    page.click(".tabs [data-tab=inside]")
    page.locator("details").evaluate_all(DETAILS)


def report(figures: dict[str, Any]) -> None:
    """Print the medians beside the targets, and write everything."""
    first, reached = zip(*figures["seconds_to_97"], strict=True)
    lines = (
        ("transferred before the page can be used", f"{figures['transferred_bytes'] / 1000:.0f} KB", "350 KB"),
        ("transferred for everything else", f"{figures['later_bytes'] / 1000:.0f} KB", ""),
        ("time until the page can be used", f"{statistics.median(figures['ready_ms']):.0f} ms", "1000 ms"),
        ("time until everything else is there, too", f"{statistics.median(figures['complete_ms']):.0f} ms", ""),
        ("time until it can be used without a network", f"{statistics.median(figures['offline_ms']):.0f} ms", ""),
        ("from Train to the first measurement", f"{statistics.median(first):.2f} s", ""),
        (f"from Train to {GOAL} %, {figures['digits']}", f"{statistics.median(reached):.2f} s", "1.2 s, MNIST"),
        ("longest main-thread task while training", task_text(figures["longest_tasks"]), "50 ms"),
        ("the same, every panel opened meanwhile", task_text(figures["longest_tasks_all_open"]), "50 ms"),
    )
    for name, value, target in lines:
        print(f"{name:42} {value:32} target: {target}")
    for name, title in (("longest_tasks", "as it is found"), ("longest_tasks_all_open", "every panel opened")):
        print(f"the longest tasks, {title}: by the clock, then on the processor")
        for by_clock, on_processor in figures[name]:
            print(f"  {by_clock}\n  {on_processor}")
    folder = BUILD / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.json").write_text(json.dumps(figures, indent=1, default=dataclasses.asdict))


def task_text(rounds: list[list[Task]]) -> str:
    """Return the medians of the longest tasks."""
    wall = statistics.median(by_clock.wall for by_clock, _ in rounds)
    processor = statistics.median(on_processor.processor for _, on_processor in rounds)
    return f"{wall:.0f} ms ({processor:.0f} ms on the processor)"


if __name__ == "__main__":
    main()
