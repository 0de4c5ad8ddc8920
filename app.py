"""Chalice's entry: the application and the plain Lambdas, which live in `functions`."""

import gc
import os

if "AWS_CHALICE_CLI_MODE" in os.environ:  # Chalice's command line imports this, and no Lambda
    from infra.plain import hook

    hook.prepare()

gc.disable()  # importing makes hardly any garbage, and looking for it would take a tenth of a cold start

from functions.app import app  # noqa: E402 — after that
from functions.learn import learn  # noqa: E402
from functions.retrain import retrain  # noqa: E402

gc.freeze()  # what exists now stays: the collector need not look through it during a request
gc.enable()

__all__ = ["app", "learn", "retrain"]
