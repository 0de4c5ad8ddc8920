"""`make rehearse`: a whole life of a stage on LocalStack, from `scrawl deploy` to `scrawl destroy`.

The template, the package, the page and the commands are those that go to AWS. docs/deploy.md says what an emulator
does not show.
"""

import os
import time
from dataclasses import replace

from infra.deploy import cloudformation_stack
from infra.deploy.account import sign_in, stack_name
from infra.deploy.aws_errors import DeployError
from infra.deploy.cloudformation_stack import Stack
from infra.deploy.deployment import Plan, deploy
from infra.deploy.destroy import destroy
from infra.deploy.dry_run import dry_run
from infra.deploy.status import status
from infra.package import lambda_package
from infra.paths import BUILD
from tests.rehearsal import kinesis
from tests.rehearsal.emulator import SERVICES, STREAM, emulator
from tests.rehearsal.gateway import gateway
from tests.rehearsal.routes import call_every_route, learn_from_stream, patch_from_many, retrain

STAGE, REGION = "prod", "us-east-1"
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "SCRAWL_WRITE_TOKEN": "token-of-the-rehearsal",
}
_started = time.monotonic()


def say(line: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"{time.monotonic() - _started:6.1f}  {line}", flush=True)


def rehearse(plan: Plan) -> None:
    """Live through a stage's life, on an emulator that runs."""
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        say(line)

    deploy(plan, tell)
    assert any("there is no CloudFront here" in line for line in lines)
    stack = Stack(sign_in(REGION), stack_name(STAGE))
    api = gateway(stack, _ENVIRONMENT["SCRAWL_WRITE_TOKEN"])
    call_every_route(api, tell)
    patch_from_many(api, tell)
    retrain(api, tell)
    assert status(STAGE, REGION, tell)
    lines.clear()
    dry_run(plan, tell)
    # LocalStack calls every resource of a stack changed; moto does not, see tests/infra/deploy/test_real_stack.py.
    assert "Page: nothing to change" in lines, lines
    destroy(STAGE, REGION, None, True, tell)
    assert stack.describe() is None
    assert not stack.account.client("s3").list_buckets()["Buckets"]


def rehearse_stream(plan: Plan) -> None:
    """Live through another one, which has a stream of lessons from the start.

    On AWS a stage gets and loses its stream with an update; LocalStack adds no policy to a stack that is there.
    """
    deploy(replace(plan, parameters=("LessonShards=1",)), say)
    stack = Stack(sign_in(REGION), stack_name(STAGE))
    learn_from_stream(gateway(stack, _ENVIRONMENT["SCRAWL_WRITE_TOKEN"]), say)
    destroy(STAGE, REGION, None, True, say)


def refuse(plan: Plan) -> None:
    """See that an emulator without a service is refused before anything is made."""
    try:
        deploy(plan, lambda _: None)
    except DeployError as error:
        assert "has no lambda" in str(error), error
        say(f"Without Lambda: {error}")
    else:
        raise AssertionError("an emulator without Lambda was not refused")


def main() -> None:
    """Rehearse."""
    log = BUILD / "rehearsal" / "localstack.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    package = log.parent / "package"
    lambda_package.build(package, STAGE, "x86_64", say)
    plan = Plan(STAGE, REGION, package=package)
    cloudformation_stack.PAUSE = 0.5
    os.environ |= _ENVIRONMENT
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "SCRAWL_ORIGIN_SECRET"):
        os.environ.pop(name, None)
    missing = kinesis.fetch()
    if missing:
        say(f"Without a stream of lessons: {missing}")
    try:
        with emulator(log, SERVICES if missing else SERVICES + STREAM) as os.environ["AWS_ENDPOINT_URL"]:
            say("LocalStack is ready")
            rehearse(plan)
            if not missing:
                rehearse_stream(plan)
        with emulator(log.with_name("localstack-2.log"), SERVICES.replace("lambda,", "")):
            refuse(plan)
    except BaseException:
        say(f"FAILED; LocalStack's log is {log}")
        raise
    say("Rehearsed: all is well")


if __name__ == "__main__":
    main()
