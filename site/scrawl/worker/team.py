"""The threads that train: this worker and its helpers, which are workers of their own (`site/helper.js`).

The kernel shares the work out (`site/kernel/team.c`). Here helpers are started and ended, and when one stops by
itself, training goes on with this thread alone; the results are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.state.settings import AUTOMATIC

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser import Event

    from scrawl.worker.kernel import Kernel

STACK = 65536  # bytes for each helper
PATIENCE = 30  # tenths of a second: a helper that is silent for so long in the middle of its work is lost


class Team:
    """This worker and its helpers. `report(threads, why)` is called when their number changes."""

    def __init__(self, kernel: Kernel, report: Callable[[int, str], object]) -> None:
        self.kernel = kernel
        self.threads = 1
        self.ready = 0  # how many helpers have started
        self._report = report
        self._wanted = ""  # the setting that has been followed
        self._started = False  # whether helpers are there if any are wanted
        self._helpers: list[Any] = []
        self._stacks: list[int] = []  # where each helper's starts; it grows downwards

    def follow(self, cores: str) -> None:
        """Have as many threads as the setting says, once there is work for them."""
        if cores == self._wanted:
            return
        self._wanted = cores
        if self._started:
            self._start()
        else:
            self._report(self._count(cores), self.kernel.why_single)

    def start(self) -> None:
        """Start the helpers if that has not been done."""
        if not self._started:
            self._started = True
            self._start()

    def check(self) -> None:
        """Look whether a helper was lost: then the kernel works with one thread already."""
        if self.threads > 1 and self.kernel.function("team_size_left")() < self.threads:
            self._give_up("a helping thread stopped; the results are the same")

    def _count(self, cores: str) -> int:
        """Return how many threads a setting means here: one core is the page's, if there are more than two."""
        most = self.kernel.most_threads
        return max(min(2, most), most - 1) if cores == AUTOMATIC else min(int(cores), most)

    def _start(self) -> None:
        self._end()
        threads = self._count(self._wanted)
        if threads == 1:
            self._report(1, self.kernel.why_single)
            return
        number = self.kernel.function("set_team")(threads, PATIENCE)
        self.threads = threads
        for thread in range(1, threads):
            try:
                self._helpers.append(self._helper(thread, number))
            except Exception as error:
                self._give_up(f"helping threads cannot be started ({error})")
                return
        self._report(threads, "")

    def _helper(self, thread: int, number: int) -> Any:
        while len(self._stacks) < thread:
            self._stacks.append(self.kernel.alloc(STACK) + STACK)
        helper = window.Worker.new(self.kernel.helper_url)

        def hear(event: Event) -> None:
            if helper not in self._helpers:
                return
            if event.data == "ready":
                self.ready += 1
            else:
                self._give_up(f"a helping thread stopped: {event.data}")

        def fail(_event: Event) -> None:
            if helper in self._helpers:
                self._give_up("helping threads cannot be started")

        helper.onmessage, helper.onerror = hear, fail
        stack, module, memory = self._stacks[thread - 1], self.kernel.module, self.kernel.memory
        helper.postMessage({"module": module, "memory": memory, "thread": thread, "team": number, "stack": stack})
        return helper

    def _give_up(self, why: str) -> None:
        self._end()
        self._report(1, why)

    def _end(self) -> None:
        if self.threads > 1:
            self.kernel.function("set_team")(1, PATIENCE)
        self.threads, self.ready = 1, 0
        helpers, self._helpers = self._helpers, []
        for helper in helpers:
            helper.terminate()
