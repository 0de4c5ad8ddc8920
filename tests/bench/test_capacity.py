"""The simulation of saturation: what must hold of it whatever its numbers, and that the docs quote what it prints."""

import dataclasses
from itertools import pairwise

import pytest
from click.testing import CliRunner

from bench import capacity
from bench.simulation.assumptions import DEPLOYED, DEPLOYED_WRITES, Assumptions
from bench.simulation.clock import Clock, Process, TokenBucket
from bench.simulation.patches import PatchSimulation
from bench.simulation.predictions import PredictionSimulation
from functions.models import model
from functions.weights import repository
from infra.cloudformation import template
from infra.paths import ROOT

pytestmark = pytest.mark.ci_only
SCALE = (ROOT / "docs" / "scale.md").read_text("utf-8")
EXACT = Assumptions(jitter=0.0)  # S3 always takes equally long
LIVELY = Assumptions()


@pytest.mark.parametrize("title", capacity.TABLES)
def test_docs_quote_what_the_simulation_prints(title: str) -> None:
    assert capacity.TABLES[title](LIVELY) in SCALE


def test_numbers_of_the_code_are_those_simulated() -> None:
    assert (LIVELY.attempts, LIVELY.first_pause_s) == (repository._ATTEMPTS, repository._PAUSE)
    assert LIVELY.serve_for_s == model.SERVE_FOR
    stack = template.stack("prod")
    defaults = {name: parameter.get("Default") for name, parameter in stack["Parameters"].items()}
    assert DEPLOYED["gateway_rate"] == defaults["RateLimit"]
    assert DEPLOYED["gateway_burst"] == defaults["BurstLimit"]
    writes = stack["Resources"]["RestAPI"]["Properties"]["MethodSettings"]
    for write in writes:
        rate, burst = write["ThrottlingRateLimit"], write["ThrottlingBurstLimit"]
        if write["HttpMethod"] == "PATCH":  # as it is without a stream
            rate, burst = rate["Fn::If"][2], burst["Fn::If"][2]
        assert rate == {"Ref": "WriteRateLimit"}
        assert (defaults["WriteRateLimit"], burst) == DEPLOYED_WRITES
    mapping = stack["Resources"]["LessonsToLearn"]["Properties"]
    assert mapping["MaximumBatchingWindowInSeconds"] == LIVELY.window_s
    assert mapping["BatchSize"] == capacity.AT_ONCE


@pytest.mark.parametrize("parameters", [EXACT, LIVELY])
def test_no_accepted_patch_is_lost(parameters: Assumptions) -> None:
    world = PatchSimulation(parameters, seed=3)
    outcomes = world.clients(12, 30)
    moves = world.pointers[0].moves
    # Each move follows the one before it, and each PATCH that was told a version has one of its own in that chain.
    assert [parent for parent, _, _ in moves] == list(range(len(moves)))
    assert sorted(version for version, _ in outcomes.accepted) == [version for _, version, _ in moves]


def test_every_patch_is_answered() -> None:
    outcomes = PatchSimulation(LIVELY, seed=4, pointers=2).arrivals(20, 20)
    assert outcomes.refused > 0
    assert len(outcomes.accepted) + outcomes.refused == outcomes.started


@pytest.mark.parametrize("clients", [2, 10, 40])
def test_one_lambda_after_the_other_moves_the_pointer_no_faster_than_a_cycle(clients: int) -> None:
    world = PatchSimulation(EXACT, seed=5)
    world.clients(clients, 30)
    times = [when for _, _, when in world.pointers[0].moves]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    # A Lambda that moves it twice running has its version in memory; no writer can be faster than that.
    assert min(gaps) >= EXACT.cycle_s - EXACT.get_s - 1e-9


def test_conflicts_grow_with_clients() -> None:
    conflicts = []
    for clients in (1, 2, 4, 8, 16, 32):
        outcomes = PatchSimulation(LIVELY, seed=6).clients(clients, 60)
        conflicts.append(outcomes.conflicts / outcomes.started)
    assert conflicts[0] == 0
    assert conflicts == sorted(conflicts)


def test_limits_let_through_what_one_model_takes() -> None:
    """Hardly any PATCH runs for ten seconds in vain, and little throughput is lost."""
    rate, burst = DEPLOYED_WRITES
    limited = PatchSimulation(LIVELY, seed=9).arrivals(40, 60, TokenBucket(rate, burst))
    unlimited = PatchSimulation(LIVELY, seed=9).arrivals(40, 60)
    assert limited.throttled > 0
    assert limited.refused < 0.1 * limited.started
    assert unlimited.refused > 0.5 * unlimited.started
    assert len(limited.accepted) > 0.5 * len(unlimited.accepted)


def test_more_pointers_accept_more() -> None:
    accepted = [len(PatchSimulation(LIVELY, 7, pointers).arrivals(50, 10).accepted) for pointers in (1, 4, 16)]
    assert accepted[0] < accepted[1] < accepted[2]


def test_stream_loses_nothing_and_never_conflicts() -> None:
    outcomes = PatchSimulation(LIVELY, seed=8).queued(200, 5, batch=100)
    assert (outcomes.refused, outcomes.conflicts) == (0, 0)
    assert len(outcomes.accepted) == outcomes.started


def test_same_seed_gives_the_same_run() -> None:
    first, again, other = (PatchSimulation(LIVELY, seed).clients(6, 20).accepted for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("rate", [50, 800])
def test_api_gateway_lets_no_more_through_than_its_bucket_holds(rate: int) -> None:
    parameters = dataclasses.replace(LIVELY, gateway_rate=100, gateway_burst=30)
    answers = PredictionSimulation(parameters, seed=1).run(rate, 0, 4)
    assert answers.offered - answers.gateway_refused <= 100 * 4 + 30
    assert answers.offered == len(answers.latencies) + answers.gateway_refused + answers.lambda_refused


def test_never_more_lambdas_than_allowed() -> None:
    answers = PredictionSimulation(dataclasses.replace(LIVELY, concurrency=40), seed=1).run(300, 0, 3)
    assert answers.most_busy == answers.cold == 40
    assert answers.lambda_refused > 0


def test_each_lambda_reads_the_pointer_once_a_second_at_most() -> None:
    api = PredictionSimulation(LIVELY, seed=1)
    lambdas = api.run(400, 0, 3).cold
    assert 0 < api.run(400, 3, 6).busiest_second() <= lambdas


def test_cold_starts_are_over_after_the_first_seconds() -> None:
    api = PredictionSimulation(LIVELY, seed=1)
    assert max(api.run(200, 0, 2).latencies) > LIVELY.import_s
    assert api.run(200, 2, 4).cold == 0


def test_processes_run_in_the_order_of_their_times() -> None:
    clock = Clock()
    seen: list[tuple[str, float]] = []

    def process(name: str, pause: float) -> Process[None]:
        for _ in range(2):
            yield pause
            seen.append((name, clock.now))

    clock.start(process("slow", 3))
    clock.start(process("quick", 2))
    clock.run(5)
    assert seen == [("quick", 2), ("slow", 3), ("quick", 4)]


@pytest.mark.parametrize(
    ("change", "complaint"), [("nothing=1", "there is no parameter 'nothing'"), ("get_s=fast", "must be a number")]
)
def test_wrong_parameter_is_named(change: str, complaint: str) -> None:
    run = CliRunner().invoke(capacity.main, ["--set", change])
    assert run.exit_code == 2
    assert complaint in run.output
