"""Chalice's entry: the application and the plain Lambdas, which live in `functions`."""

import gc

gc.disable()  # hardly anything that importing makes is garbage: looking for it would take a tenth of a cold start

from functions.api.routes.jobs import retrain  # noqa: E402
from functions.app import app  # noqa: E402 — after that

gc.freeze()  # what is there now stays: no request is to wait while all of it is looked through
gc.enable()

__all__ = ["app", "retrain"]
