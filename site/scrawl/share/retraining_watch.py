"""Watches the API retrain a network from nothing."""

from browser import aio

from scrawl.client import fetching

POLL = 0.4  # seconds between two looks
PATIENCE = 30  # looks in a row that may fail


async def retraining(page: object, routes: object, model: str) -> dict:
    """Begin a retraining, or find the one that somebody else has begun; return the job once it is over."""
    try:
        number = (await routes.reset_weights(model))["id"]
    except fetching.RefusedError as error:
        if error.status != 409 or not error.location:
            raise
        number = error.location.split("/")[-1]
    return await _watch(page, routes, model, number)


async def _watch(page: object, routes: object, model: str, number: str) -> dict:
    failures = 0
    while True:
        await aio.sleep(POLL)
        try:
            job = await routes.job(number)
        except fetching.AwayError:
            failures += 1
            if failures > PATIENCE:
                raise
            continue
        failures = 0
        if job["state"] in ("done", "failed"):
            return job
        done, total = job["iteration"], job["iterations"]
        message = f"The API retrains: iteration {done} of {total}"
        page.dispatch("busy", model=model, task="reset", text=message, progress=done / max(total, 1))
