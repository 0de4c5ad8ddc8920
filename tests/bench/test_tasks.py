"""What the benchmark of the page makes of Chromium's record: a small one, written by hand."""

from typing import Any

from bench.browser.tasks import Event, Task, main_thread_tasks

MAIN, OTHER = 1, 2


def ran(name: str, start: float, clock: float, processor: float, thread: int = MAIN) -> Event:
    """Return an event of a record; times in milliseconds."""
    times = {"ts": 1000 * start, "dur": 1000 * clock, "tdur": 1000 * processor}
    return {"name": name, "ph": "X", "pid": 7, "tid": thread, "args": {}, **times}


def thread_name(thread: int, name: str) -> dict[str, Any]:
    return {"name": "thread_name", "ph": "M", "pid": 7, "tid": thread, "args": {"name": name}}


def test_tasks_are_those_of_the_main_thread_with_what_took_their_time() -> None:
    record = [
        thread_name(MAIN, "CrRendererMain"),
        thread_name(OTHER, "DedicatedWorker thread"),
        ran("RunTask", 0, 100, 100, OTHER),
        ran("Layout", 12, 2, 1),
        ran("RunTask", 0, 30, 12),
        ran("ThreadControllerImpl::RunTask", 0, 29, 12),  # the same task, as another part of Chromium has it
        ran("FunctionCall", 1, 24, 9),
        ran("ParseHTML", 3, 7, 0.5),
        ran("RunTask", 40, 2, 2),
        ran("Layout", 50, 9, 9),  # in no task
    ]
    long, short = main_thread_tasks(record)
    assert (long.wall, long.processor) == (30, 12)
    assert list(long.parts.items()) == [("script", 7.5), ("the browser's own", 3), ("Layout", 1)]
    assert (long.waited_in, long.waited) == ("script", 7.5)
    assert (short.wall, short.processor) == (2, 2)


def test_task_in_words() -> None:
    task = Task(58.2, 10.8, {"script": 6.84, "Layout": 1.26}, "ParseHTML", 28.4)
    assert str(task) == "58 ms, 11 on the processor (script 6.8, Layout 1.3); longest off it: 28 ms, in ParseHTML"
