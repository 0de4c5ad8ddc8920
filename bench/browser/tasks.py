"""The tasks of a page's main thread, from Chromium's own record of what ran: how long each took, and with what.

A task's time by the clock includes what the thread waited for a processor; its time on the processor does not.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a test of what is computed here should not wait for Playwright
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline", "disabled-by-default-v8.gc"]
MOST = 3  # parts that a task is described by

type Event = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One task: its milliseconds by the clock and on the processor, and of the latter the largest parts.

    `waited_in` is the part during which the thread was off the processor longest, `waited` for how long.
    """

    wall: float
    processor: float
    parts: dict[str, float]
    waited_in: str
    waited: float

    def __str__(self) -> str:
        done = ", ".join(f"{name} {milliseconds:.1f}" for name, milliseconds in self.parts.items())
        return (
            f"{self.wall:.0f} ms, {self.processor:.0f} on the processor ({done}); "
            f"longest off it: {self.waited:.0f} ms, in {self.waited_in}"
        )


def recorded(browser: Browser, page: Page, doing: Callable[[], None]) -> list[Event]:
    """Return Chromium's record of what ran meanwhile."""
    browser.start_tracing(page=page, categories=CATEGORIES)
    doing()
    events: list[Event] = json.loads(browser.stop_tracing())["traceEvents"]
    return events


def main_thread_tasks(events: list[Event]) -> list[Task]:
    """Return the main thread's tasks, in their order; of tasks within each other the outermost."""
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = []
    for thread in threads:
        ran = [event for event in events if (event["pid"], event["tid"]) == thread and "dur" in event]
        ran.sort(key=lambda event: (event["ts"], -event["dur"]))
        tasks += [_task(group) for group in _grouped(ran)]
    return tasks


def _grouped(ran: list[Event]) -> list[list[Event]]:
    """Return the events of each outermost task, itself first."""
    groups: list[list[Event]] = []
    end = 0.0
    for event in ran:
        if event["ts"] < end:
            groups[-1].append(event)
        elif event["name"].endswith("RunTask"):
            groups.append([event])
            end = event["ts"] + event["dur"]
    return groups


def _task(group: list[Event]) -> Task:
    """Sum up what a task did: each part's own time, without that of the parts within it."""
    processor: Counter[str] = Counter()
    waited: Counter[str] = Counter()
    open_parts: list[Event] = []
    for event in group:
        while open_parts and event["ts"] >= open_parts[-1]["ts"] + open_parts[-1]["dur"]:
            open_parts.pop()
        for part, sign in ((event, 1), *((outer, -1) for outer in open_parts[-1:])):
            processor[_named(part)] += sign * event.get("tdur", 0) / 1000
            waited[_named(part)] += sign * (event["dur"] - event.get("tdur", 0)) / 1000
        open_parts.append(event)
    whole = group[0]
    ((waited_in, longest),) = waited.most_common(1)
    return Task(
        whole["dur"] / 1000, whole.get("tdur", 0) / 1000, dict(processor.most_common(MOST)), waited_in, longest
    )


def _named(event: Event) -> str:
    """Return what a person calls it."""
    name: str = event["name"]
    return {
        "FunctionCall": "script",
        "ThreadControllerImpl::RunTask": "the browser's own",
        "RunTask": "scheduling",
    }.get(name, name)
