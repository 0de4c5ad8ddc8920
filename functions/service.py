"""The service behind the routes: models, dataset and jobs over one store. Everything it needs is handed in.

What a request or an answer looks like is left to the routes, and where the store is to `wiring`.
"""

import logging
import re
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Protocol

import msgspec

from functions.cache import Cache
from functions.dataset import Dataset, Digits
from functions.errors import CorruptDataError, NotFoundError, UnavailableError
from functions.jobs import Job, JobsRepository
from functions.manifest import ModelManifest
from functions.models import Model
from functions.retrain import Recipe, retrain
from functions.settings import Settings
from functions.store import Store

TEST_DIGITS = 2000  # that weights are measured on: whole shards, the same ones always
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

log = logging.getLogger("scrawl")


class Launcher(Protocol):
    """Whatever runs a retraining away from the request that asked for it."""

    def start(self, job_id: str, run: Callable[[str], object]) -> None:
        """Have the job run, by `run(job_id)` if it is to be in this process, and return at once."""
        ...


class ThreadLauncher:
    """Runs retrainings in a thread of this process."""

    def start(self, job_id: str, run: Callable[[str], object]) -> None:
        """Start the thread; it does not keep the process from ending."""
        threading.Thread(target=run, args=(job_id,), name=f"job {job_id}", daemon=True).start()


class Service:
    """What the API can do. Safe among threads."""

    def __init__(self, settings: Settings, store: Store, launcher: Launcher) -> None:
        self.settings = settings
        self.dataset = Dataset(store)
        self.jobs = JobsRepository(store)
        self._store = store
        self._launcher = launcher
        self._models: Cache[str, Model] = Cache(16)

    def model(self, name: str) -> Model:
        """Return a model.

        Raises:
            NotFoundError: when it has not been seeded, saying which ones have.
        """
        return self._models.get(name, lambda: self._load(name))

    def model_names(self) -> list[str]:
        """Return the names of the models that have been seeded, sorted."""
        keys = self._store.keys("models/")
        return [key.split("/")[1] for key in keys if key.endswith("/manifest.json")]

    def warm_up(self) -> None:
        """Read what the first prediction needs; when that is not there yet, the first request will say so."""
        try:
            for name in self.model_names():
                self.model(name).serving()
        except (NotFoundError, CorruptDataError, UnavailableError) as error:
            log.warning("not warmed up", extra={"error": str(error)})

    def begin_retraining(self, model: Model) -> Job:
        """Queue a retraining from scratch and have it started.

        Raises:
            JobActiveError: when the model is being retrained already.
        """
        job = self.jobs.begin(model.manifest.model, self.settings.train_iterations)
        try:
            self._launcher.start(job.id, self.run_job)
        except UnavailableError as error:
            self.jobs.save(msgspec.structs.replace(job, state="failed", error=str(error)))
            raise
        log.info("retraining queued", extra={"job": job.id, "model": job.model})
        return job

    def run_job(self, job_id: str) -> Job:
        """Run a queued retraining to its end."""
        job = self.jobs.get(job_id)
        recipe = Recipe(self.settings.batch_size, self.settings.learning_rate)
        return retrain(job, self.model(job.model), self.dataset, self.jobs, recipe)

    @cached_property
    def _test_digits(self) -> Digits:
        return Digits.of(self.dataset.first("test", TEST_DIGITS))

    def _load(self, name: str) -> Model:
        key = f"models/{name}/manifest.json"
        try:
            if not _NAME.fullmatch(name):
                raise NotFoundError(key)
            manifest = msgspec.json.decode(self._store.get(key).body, type=ModelManifest)
        except NotFoundError as error:
            raise self._unknown(name) from error
        except msgspec.DecodeError as error:
            raise CorruptDataError(f"{key} is damaged: {error}") from error
        return Model(self._store, manifest, lambda: self._test_digits)

    def _unknown(self, name: str) -> Exception:
        names = self.model_names()
        if not names:
            return UnavailableError("no model has been seeded; run `scrawl seed`")
        return NotFoundError(f"there is no model {name!r}; there are: {', '.join(names)}")
