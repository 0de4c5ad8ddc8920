"""Brython's coroutines: started with `run`, each `await` gives the browser its turn."""

from collections.abc import Coroutine
from typing import Any

def run(coroutine: Coroutine[Any, Any, object]) -> None: ...
async def sleep(seconds: float) -> None: ...
