"""From a movement of the pen to the reading that it leads to, on the page of the running stack, for each network.

Ten digits are written with the mouse, a movement every 20 ms. A reading counts as shown when the page has changed;
the screen follows with the next frame. It is timed from two moments: when the browser noted the movement, and when it
told the page, which it does once a frame; and, for the worker alone, from the page's request to its answer. Prints
medians and 95th percentiles, and writes all figures to build/bench/pen_latency.json: `python -m bench.pen_latency`,
`--url` for a stack that runs already. With `--training` the network learns meanwhile, from new weights on, on one
thread and on as many as the page would take.
"""

import itertools
import json
import os
import statistics

import click
from playwright.sync_api import Page

from bench.page import chromium_and_stack
from infra.paths import BUILD
from tests.support.digits.handwriting import DIGITS
from tests.support.lab import Lab

MODELS = ("mlp-128", "mlp-128-64", "conv-32-64")
PACE = 20  # milliseconds from one movement to the next
TITLES = ("since the page was told", "since the browser noted it", "the worker's part")

# Of each request the page notes the oldest movement that none before was about; a repainted #seen is its answer.
WATCH = """() => {
    window.waits = []
    let moved = null, asked = null, sent = 0, worked = 0
    const note = event => { if (event.buttons) moved ??= [performance.now(), event.timeStamp] }
    for (const kind of ['pointerdown', 'pointermove']) addEventListener(kind, note, true)
    const send = scrawlWorker.postMessage
    scrawlWorker.postMessage = function (message, ...rest) {
        if (message.kind.startsWith('predict')) [asked, moved, sent] = [moved, null, performance.now()]
        send.call(this, message, ...rest)
    }
    scrawlWorker.addEventListener('message', ({data}) => {
        if (data.kind === 'predicted' && data.number) worked = performance.now() - sent
    })
    const seen = document.querySelector('#seen').getContext('2d'), paint = seen.drawImage
    seen.drawImage = function (...what) {
        paint.apply(this, what)
        const since = asked
        asked = null
        const took = worked
        if (since) queueMicrotask(() => waits.push([...since.map(moment => performance.now() - moment), took]))
    }
}"""


@click.command()
@click.option("--url", help="A running stack; one is started when left out.")
@click.option("--rounds", default=3, show_default=True, help="How often each digit is written.")
@click.option("--training", is_flag=True, help="Let each network learn meanwhile.")
@click.option("--model", "models", multiple=True, type=click.Choice(MODELS), help="All when left out.")
def main(url: str | None, rounds: int, training: bool, models: tuple[str, ...]) -> None:
    """Measure, print and write."""
    with chromium_and_stack(url) as (browser, url):
        page = browser.new_page()
        lab = Lab(page, url).open().complete()
        page.evaluate(WATCH)
        waits = {}
        for model in models or MODELS:
            page.select_option("#model", model)
            lab.wait_settled()
            for cores in ("1", "auto") if training else ("",):
                case = f"{model}, {cores}" if cores else model
                if cores:
                    train(page, cores)
                waits[case] = written(page, lab, rounds)
                if cores:
                    page.click("#train")
                report(case, waits[case])
    folder = BUILD / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    figures = {"waits_ms": waits, "load_average": os.getloadavg()[0]}
    (folder / "pen_latency.json").write_text(json.dumps(figures, indent=1))


def train(page: Page, cores: str) -> None:
    """Have new weights learn on so many cores, and wait until they do."""
    page.evaluate(
        "cores => { const field = document.querySelector('#cores'); field.value = cores;"
        " for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {bubbles: true})) }",
        cores,
    )
    page.click("#weights-new")
    page.click("#train")
    page.wait_for_function("parseInt(document.querySelector('#iteration').textContent) > 100", timeout=120_000)


def written(page: Page, lab: Lab, rounds: int) -> list[list[float]]:
    """Write the digits; return how long each reading took, from both moments, in milliseconds."""
    page.evaluate("waits.length = 0")
    for digit in [*DIGITS] * rounds:
        for stroke in DIGITS[digit]:
            places = lab.on_screen(stroke)
            page.mouse.move(*places[0])
            page.mouse.down()
            for (x0, y0), (x1, y1) in itertools.pairwise(places):
                for part in (0.25, 0.5, 0.75, 1):
                    page.mouse.move(x0 + part * (x1 - x0), y0 + part * (y1 - y0))
                    page.wait_for_timeout(PACE)
            page.mouse.up()
        lab.click("clear")
        lab.wait_text("prediction", "^$")
    waits: list[list[float]] = page.evaluate("waits")
    return waits


def report(model: str, waits: list[list[float]]) -> None:
    """Print a line for each of the two moments."""
    for title, times in zip(TITLES, zip(*waits, strict=True), strict=True):
        late = statistics.quantiles(times, n=20)[-1]
        print(f"{model:18} {title:27} {statistics.median(times):5.1f} ms, 95 %: {late:5.1f} ms, of {len(times)}")


if __name__ == "__main__":
    main()
