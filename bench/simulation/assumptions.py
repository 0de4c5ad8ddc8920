"""What the simulation assumes: how long things take, and what AWS allows. Every number has its source beside it.

`patches` and `predictions` compute what follows from them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumptions:
    """Seconds, requests per second and numbers of Lambdas, of a deployed Scrawl in us-east-1."""

    # Measured: docs/benchmarks.md, in process, on a store that answers at once.
    handler_s: float = 0.0001  # POST /predict, a tensor
    lesson_s: float = 0.012  # PATCH, with the measuring on 2,000 test digits
    step_s: float = 0.0006  # one training step on 128 digits: 231,000 a second
    import_s: float = 0.36  # a cold start without what it reads from S3

    # Of S3 Standard, from a Lambda in its region. Somebody's PUTs of 60 KB took 60 to 133 ms
    # (kkc.github.io/2020/03/16/s3-latency); that a GET takes about half of it is assumed. AWS speaks of 100 to 200 ms
    # for small objects: docs/scale.md says what then changes.
    get_s: float = 0.05
    put_s: float = 0.09
    jitter: float = 0.3  # sigma of the lognormal distribution around those medians; assumed
    cold_reads: int = 13  # that `warm_up` makes one after the other, with three models: a LIST, and four GETs of each
    lambda_s: float = 0.002  # that Lambda and Chalice add to a request; assumed

    # What the code does: functions/weights/repository.py, functions/models/model.py.
    attempts: int = 12
    first_pause_s: float = 0.02
    longest_pause_s: float = 1.0
    serve_for_s: float = 1.0
    window_s: float = 1.0  # for which the stream's consumer gathers lessons: infra/cloudformation/template.yaml

    # What AWS allows by default (the developer guides of API Gateway, Lambda and S3; looked up 2026-11-20).
    gateway_rate: float = 10_000  # requests per second, of an account and region
    gateway_burst: float = 5_000
    concurrency: int = 1_000  # Lambdas at a time, of an account and region
    requests_per_lambda: float = 10  # so many requests per second times `concurrency`
    new_lambdas_per_s: float = 100  # 1,000 every ten seconds
    prefix_gets: float = 5_500  # per second and prefix
    prefix_puts: float = 3_500

    @property
    def cycle_s(self) -> float:
        """The shortest time from one move of the pointer to the next, if the next writer must fetch the version.

        Half of the read that sees the last move, the version, the lesson, the new version, half of the pointer's PUT.
        """
        return self.get_s / 2 + self.get_s + self.lesson_s + self.put_s + self.put_s / 2

    @property
    def cold_s(self) -> float:
        """How long a new Lambda takes before its first request."""
        return self.import_s + self.cold_reads * self.get_s


# The stack's own limits: infra/cloudformation/template.yaml.
DEPLOYED = {"gateway_rate": 200, "gateway_burst": 400}
DEPLOYED_WRITES = (4, 8)  # PATCHes per second, and at once
