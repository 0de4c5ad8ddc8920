"""How long a first visit takes in Firefox and WebKit until one can draw and see a prediction, and until all is there.

Every round is a first visit with an empty profile. The page is looked at every 20 ms from when it has loaded, so the
figures may be that much too high. `bench.page` measures Chromium, more precisely: `python -m bench.engines`.
"""

import contextlib
import json
import os
import statistics

import click

from bench.page import running_stack
from infra.paths import BUILD
from tests.support.engines.launch import PROGRAMS, browser, missing

# The state of the page → how one sees it.
MOMENTS = {"ready": "document.body.dataset.state === 'ready'", "complete": "document.body.dataset.complete === 'yes'"}


@click.command()
@click.option("--url", help="A running stack; one is started when left out.")
@click.option("--rounds", default=5, show_default=True)
def main(url: str | None, rounds: int) -> None:
    """Measure, print and write."""
    figures: dict[str, object] = {"load_average": os.getloadavg()[0]}
    with contextlib.ExitStack() as parts:
        url = url or parts.enter_context(running_stack())
        for engine in PROGRAMS:
            if packages := missing(engine):
                print(f"{engine}: skipped, {', '.join(packages)} is not installed")
                continue
            visits = [visit(engine, url) for _ in range(rounds)]
            medians = {moment: statistics.median(times[moment] for times in visits) for moment in MOMENTS}
            print(f"{engine}: " + ", ".join(f"{moment} after {time:.0f} ms" for moment, time in medians.items()))
            figures[engine] = visits
    BUILD.joinpath("bench").mkdir(parents=True, exist_ok=True)
    BUILD.joinpath("bench", "engines.json").write_text(json.dumps(figures, indent=2))


def visit(engine: str, url: str) -> dict[str, float]:
    """Return the milliseconds from the start of the navigation until each moment of a first visit."""
    times = {}
    with browser(engine) as window:
        window.goto(url)
        for moment, seen in MOMENTS.items():
            window.wait(f"({seen} && (window._{moment} ??= performance.now()))")
            times[moment] = float(window.evaluate(f"window._{moment}"))
    return times


if __name__ == "__main__":
    main()
