"""Chalice's entry: the application and the plain Lambdas, which live in `functions`."""

from functions.app import app
from functions.routes.jobs import retrain

__all__ = ["app", "retrain"]
