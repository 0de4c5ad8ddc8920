"""Which part of a deployed Scrawl saturates first, and at what load: a simulation, whose tables docs/scale.md quotes.

The numbers that it starts from are in `bench/simulation/assumptions.py`; nothing is measured here, and the same seed
gives the same figures everywhere. Run: `python -m bench.capacity`, `--set get_s=0.1` to see what another number does.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import click

from bench.simulation.assumptions import DEPLOYED, DEPLOYED_WRITES, Assumptions
from bench.simulation.clock import TokenBucket
from bench.simulation.patches import PatchOutcomes, PatchSimulation
from bench.simulation.predictions import PredictionOutcomes, PredictionSimulation

SEED = 1
PATCH_SECONDS = 60.0
START, THEN = (0.0, 2.0), (2.0, 5.0)  # seconds since the first prediction
LESSONS = 1_000  # that come at each rate
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
PREDICTIONS = (10, 100, 1_000, 5_000, 10_000, 20_000)
PATCHES = (1, 10, 100, 1_000)  # per second: as many as one pointer bears with ease, and 10, 100 and 1000 times that
LIMITS = ((2, 4), DEPLOYED_WRITES, (10, 20))  # of PATCHes: per second, at once
RUSH = 20  # PATCHes per second that the limits are to stand
MODELS = 3
AT_ONCE = 500  # lessons that the stream's consumer takes: infra/cloudformation/template.yaml
POINTERS = 16
CONV_LESSON_S = 0.09  # of conv-32-64, measured on 250 digits: docs/benchmarks.md
CHANGES = 1.0  # of the weights, per second, while predictions are made


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that a part 0..1 of all values do not exceed; NaN when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def clients(parameters: Assumptions) -> str:
    """Return what becomes of PATCHes, depending on how many clients send one after the other."""
    rows: list[Sequence[object]] = []
    for number in CLIENTS:
        outcomes = PatchSimulation(parameters, SEED).clients(number, PATCH_SECONDS)
        rows.append([number, *_outcome(outcomes)])
    head = ("clients", "accepted per second", "attempts per PATCH", "answered 409", "p50", "p99")
    return table(head, rows)


def cycles(parameters: Assumptions) -> str:
    """Return what makes PATCHes slow: S3, which is the number that is known least, and the measuring of weights."""

    def timed(factor: float, lesson_s: float = parameters.lesson_s) -> Assumptions:
        get_s, put_s = factor * parameters.get_s, factor * parameters.put_s
        return dataclasses.replace(parameters, get_s=get_s, put_s=put_s, lesson_s=lesson_s)

    variants = {
        "S3 twice as fast": timed(0.5),
        "as assumed": timed(1.0),
        "S3 half as fast": timed(2.0),
        "`conv-32-64`": timed(1.0, CONV_LESSON_S),
    }
    rows: list[Sequence[object]] = []
    for name, other in variants.items():
        outcomes = PatchSimulation(other, SEED).clients(8, PATCH_SECONDS)
        times = (_s(seconds) for seconds in (other.get_s, other.put_s, other.lesson_s, other.cycle_s))
        rows.append([name, *times, f"{1 / other.cycle_s:.1f}", _outcome(outcomes)[0]])
    head = ("", "GET", "PUT", "lesson", "shortest cycle", "its inverse, per second", "accepted per second, 8 clients")
    return table(head, rows)


def limits(parameters: Assumptions) -> str:
    """Return what becomes of a rush of PATCHes behind limits of API Gateway's, to one model and spread over all."""
    rows: list[Sequence[object]] = []
    for models in (1, MODELS):
        for rate, burst in LIMITS:
            simulation = PatchSimulation(parameters, SEED, models)
            outcomes = simulation.arrivals(RUSH, LESSONS / RUSH, TokenBucket(rate, burst))
            offered = outcomes.started + outcomes.throttled
            latencies = [seconds for _, seconds in outcomes.accepted]
            rows.append(
                [
                    models,
                    f"{rate}, {burst}",
                    f"{len(outcomes.accepted) * RUSH / LESSONS:.1f}",
                    f"{outcomes.throttled / offered:.0%}",
                    f"{outcomes.refused / outcomes.started:.0%}",
                    _s(percentile(latencies, 0.5)),
                    _s(percentile(latencies, 0.99)),
                ]
            )
    head = ("models", "limit, burst", "accepted per second", "429", "409, of the others", "p50", "p99")
    return table(head, rows)


def plans(parameters: Assumptions) -> str:
    """Return what becomes of PATCHes that come at a rate: as it is, with several pointers, and with a stream."""

    def simulated(pointers: int = 1) -> PatchSimulation:
        return PatchSimulation(parameters, SEED, pointers)

    ways: dict[str, Callable[[float], PatchOutcomes]] = {
        "one pointer, as it is": lambda rate: simulated().arrivals(rate, LESSONS / rate),
        f"{POINTERS} pointers": lambda rate: simulated(POINTERS).arrivals(rate, LESSONS / rate),
        f"a stream, {AT_ONCE:,} at once": lambda rate: simulated().queued(rate, LESSONS / rate, AT_ONCE),
    }
    rows: list[Sequence[object]] = []
    for rate in PATCHES:
        for name, way in ways.items():
            outcomes = way(rate)
            latencies = [seconds for _, seconds in outcomes.accepted]
            accepted = f"{len(outcomes.accepted) / outcomes.started:.0%}"
            rows.append(
                [f"{rate:,}", name, accepted, _s(percentile(latencies, 0.5)), _s(percentile(latencies, 0.99))]
            )
    return table(("PATCHes per second", "way", "accepted", "p50", "p99"), rows)


def predictions(parameters: Assumptions) -> str:
    """Return what becomes of predictions: with the stack's own limits, and with AWS's."""
    limits = {"the stack's": dataclasses.replace(parameters, **DEPLOYED), "AWS's": parameters}
    rows: list[Sequence[object]] = []
    for name, limited in limits.items():
        for rate in PREDICTIONS if limited is parameters else (100, 1_000):
            api = PredictionSimulation(limited, SEED, CHANGES)
            for period in (START, THEN):
                rows.append([f"{rate:,}", name, "{:.0f}–{:.0f} s".format(*period), *_seen(api.run(rate, *period))])
    head = ("predictions per second", "limits", "when", "429 by API Gateway", "refused by Lambda", "new Lambdas",
            "S3 reads in the busiest second", "p50", "p99")  # fmt: skip
    return table(head, rows)


TABLES = {
    "PATCHes by clients that wait for their answer": clients,
    "The same, and what a PATCH consists of": cycles,
    "A rush of PATCHes behind limits": limits,
    "PATCHes that come at a rate": plans,
    "Predictions that start suddenly": predictions,
}


def _seen(answers: PredictionOutcomes) -> list[object]:
    shares = (answers.gateway_refused / answers.offered, answers.lambda_refused / answers.offered)
    latencies = (_s(percentile(answers.latencies, part)) for part in (0.5, 0.99))
    return [*(f"{share:.1%}" for share in shares), answers.cold, answers.busiest_second(), *latencies]


def _outcome(outcomes: PatchOutcomes) -> list[str]:
    latencies = [seconds for _, seconds in outcomes.accepted]
    attempts = (len(outcomes.accepted) + outcomes.conflicts) / outcomes.started
    return [
        f"{len(outcomes.accepted) / PATCH_SECONDS:.1f}",
        f"{attempts:.1f}",
        f"{outcomes.refused / outcomes.started:.0%}",
        _s(percentile(latencies, 0.5)),
        _s(percentile(latencies, 0.99)),
    ]


def _s(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _changed(parameters: Assumptions, changes: Sequence[str]) -> Assumptions:
    """Return the parameters with some of them set to what the command line says."""
    kinds: dict[str, Any] = {field.name: type(field.default) for field in dataclasses.fields(Assumptions)}
    values: dict[str, Any] = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name not in kinds:
            raise click.BadParameter(f"there is no parameter {name!r}; there are: {', '.join(kinds)}")
        try:
            values[name] = kinds[name](text)
        except ValueError as error:
            raise click.BadParameter(f"{name} must be a number, got {text!r}") from error
    return dataclasses.replace(parameters, **values)


@click.command()
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Another value of a parameter.")
def main(changes: Sequence[str]) -> None:
    """Simulate, and print the tables."""
    parameters = _changed(Assumptions(), changes)
    for title, simulate in TABLES.items():
        print(f"{title}\n\n{simulate(parameters)}\n")


if __name__ == "__main__":
    main()
