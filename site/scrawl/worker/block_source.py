"""Fetches blocks in the background, a few at a time, and asks again while the API cannot be reached.

`block_cache` decides which block comes next, `block` what a good block is. A run waits for its next block, so that it
does not depend on how fast blocks come; while the API cannot be reached, it goes on with those it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window

from scrawl.client import fetching
from scrawl.client.fetching import Backoff
from scrawl.training import block

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.arrays import Uint8Array

    from scrawl.training.block_cache import BlockId, Split
    from scrawl.training.trainer import Trainer

# Two slices of training may pass before the worker takes up a response, so more are on their way than a browser asks
# one host for at a time.
AT_ONCE = 12
AT_FIRST = 4  # until there is a block to train on: the first ones are waited for
REPORT_EVERY = 0.1  # seconds between two reports while blocks come
SECONDS = 30.0


class BlockSource:
    """The blocks at `url`/{split}/{index}, delivered to a trainer's cache.

    `report(kind, **fields)` sends a report to the page, `changed()` is called whenever a block has come.
    """

    def __init__(self, url: str, trainer: Trainer, report: Callable[..., None], changed: Callable[[], None]) -> None:
        self.url = url
        self.trainer = trainer
        self.report = report
        self.changed = changed
        self.active = False  # blocks are fetched once somebody wants to train
        self.in_flight: list[BlockId] = []
        self.offline = False
        self._told = (-1, 0, 0)  # what the page knows of the cache
        self._told_at = -REPORT_EVERY  # when it was told
        self._backoff = Backoff()
        self._timer: int | None = None

    def start(self) -> None:
        """Start fetching."""
        self.active = True
        self.pump()

    def retry(self) -> None:
        """Ask again at once: the API is known to be back, or may be."""
        self.offline = False
        self.pump()

    def pump(self) -> None:
        """Ask for as many blocks as are wanted and may be in flight together."""
        cache = self.trainer.cache
        if not self.active or self.offline or cache is None:
            return
        while len(self.in_flight) < (AT_ONCE if cache.train else AT_FIRST):
            wanted = cache.wanted(self.in_flight, self.trainer.clock())
            if wanted is None:
                break
            self.in_flight.append(wanted)
            aio.run(self._fetch(wanted))
        self.report_cached()

    def report_cached(self) -> None:
        """Tell the page how full the cache is, if that has changed; while blocks come, not each time."""
        cache, now = self.trainer.cache, self.trainer.clock()
        if cache is None or (self.in_flight and now < self._told_at + REPORT_EVERY):
            return
        figures = cache.cached(), len(cache.window), len(self.in_flight)
        if figures != self._told:
            self._told, self._told_at = figures, now
            self.report("blocks", cached=figures[0], total=figures[1], in_flight=figures[2])

    async def _fetch(self, wanted: BlockId) -> None:
        split, index = wanted
        try:
            # The dataset's id makes the address another one when the data is, since blocks are cached for a year.
            address = self.url.replace("{split}", split).replace("{index}", str(index))
            response = await fetching.fetch(address, {}, SECONDS)
            data = window.Uint8Array.new(await fetching.unpacked(await fetching.body(response)))
            self._take(split, index, data)
            self._succeeded()
        except fetching.ApiUnavailableError as error:
            self._failed(str(error))
        except (fetching.RefusedError, ValueError) as error:
            self._refuse(split, index, str(error))
        except Exception as error:  # whatever it is, the block is asked for again later, and others come meanwhile
            self._refuse(split, index, f"{type(error).__name__}: {error}")
        finally:
            self.in_flight.remove(wanted)
            self.pump()
            self.changed()

    def _take(self, split: Split, index: int, data: Uint8Array) -> None:
        length = data.length
        count = block.read_header(bytes([data[i] for i in range(min(block.HEADER, length))]), length)
        labels = data.subarray(block.HEADER, block.HEADER + count)
        if window.Math.max.apply(None, labels) >= block.CLASSES:
            block.check_labels([labels[i] for i in range(count)])
        self.trainer.add(split, index, labels, data.subarray(block.HEADER + count))

    def _refuse(self, split: Split, index: int, message: str) -> None:
        if self.trainer.cache is not None:
            self.trainer.cache.postpone(split, index, self.trainer.clock())
        self.report("block_refused", split=split, index=index, message=message)
        window.setTimeout(self.pump, 1000 * 21)

    def _failed(self, message: str) -> None:
        if self.offline:
            return  # another request has failed at the same moment
        self.offline = self.trainer.offline = True
        seconds = self._backoff.failed()
        self.report("source_failed", message=message, seconds=seconds)
        if self._timer is not None:
            window.clearTimeout(self._timer)
        self._timer = window.setTimeout(self.retry, 1000 * seconds)

    def _succeeded(self) -> None:
        self.trainer.offline = False
        if self._backoff.failures:
            self._backoff.succeeded()
            self.report("source_back")
