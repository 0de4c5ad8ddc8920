"""The service behind the routes: models, dataset and jobs over one store. `wiring` provides what it needs.

It knows nothing of HTTP, and not where the store is.
"""

import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions import structs
from functions.cache import Cache
from functions.dataset.shards import Digits, ShardedDataset
from functions.errors import CorruptDataError, InvalidValueError, NotFoundError, UnavailableError
from functions.jobs.jobs import Job, JobsRepository
from functions.jobs.launchers import Launcher
from functions.jobs.lease import JobLostError, Lease
from functions.jobs.retraining import Recipe, retrain
from functions.lessons.inbox import Inbox
from functions.lessons.learner import Learner
from functions.lessons.stream import LessonStream
from functions.models.calibration import Reading
from functions.models.imported import ImportedModel
from functions.models.manifest import MODEL_NAME, ModelManifest
from functions.models.model import Model
from functions.models.training import Weights, initial_weights
from functions.oip.model_server import Servable
from functions.oip.readiness import Readiness
from functions.rooms.codes import Code
from functions.rooms.rooms import Room, RoomsRepository
from functions.settings import Settings
from functions.storage.damage import damage_named
from functions.storage.prefixed import PrefixedStore
from functions.storage.store import Store
from functions.weights.repository import WeightsRepository
from functions.weights.versions import Version

TEST_DIGITS = 2000  # on which weights are measured: whole shards, always the same ones
OVER = "the weights of this room are gone: its time is over, or whoever opened it has ended it"
_SHOWN = 80  # characters of a name that there is not
_AT_ONCE = 4  # models read by `warm_up`

log = logging.getLogger("scrawl")


class Predictor(Servable, Protocol):
    """A model that recognises digits, whether it can be trained here or not. Safe to share between threads."""

    manifest: ModelManifest

    def predict(self, images: NDArray[np.float32]) -> Reading:
        """Return what images (B, 784) are read as."""
        ...


class Service:
    """What the API can do. Safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        launcher: Launcher,
        clock: Callable[[], float] = time.monotonic,
        stream: LessonStream | None = None,
    ) -> None:
        """Without a stream, lessons are learned when they come."""
        self.settings = settings
        self.inbox = None if stream is None else Inbox(stream, store)
        self.learner = Learner(self._taught, store)
        self.dataset = ShardedDataset(store)
        self.jobs = JobsRepository(store)
        self.rooms = RoomsRepository(store)
        self._store = store
        self._launcher = launcher
        self._clock = clock
        self._models: Cache[str, Model | ImportedModel] = Cache(16)
        self._room_models: Cache[Room, Model] = Cache(16)
        self.readiness = Readiness(self)

    def predictor(self, name: str) -> Predictor:
        """Return a model to recognise digits with.

        Raises:
            NotFoundError: when there is none of that name, saying which ones there are.
        """
        return self._models.get(name, lambda: self._load(name))

    def model(self, name: str) -> Model:
        """Return a model with weights that can be read, replaced and trained.

        Raises:
            NotFoundError: when there is none of that name, saying which ones there are.
            InvalidValueError: when it was imported.
        """
        found = self._models.get(name, lambda: self._load(name))
        if isinstance(found, ImportedModel):
            message = f"{name!r} is an imported ONNX file: it recognises digits, but has no weights to read or train"
            raise InvalidValueError(message, "model")
        return found

    def open_room(self, model: Model, hours: int, *, new: bool) -> tuple[Room, Code]:
        """Open a room that starts with a model's current weights, or with new, random ones; return its owner's code.

        Raises:
            NotFoundError: when there are no current weights.
        """
        self.rooms.sweep()
        room, code = self.rooms.plan(model.manifest.model, hours)
        tensors = _random(model) if new else model.weights.current().tensors
        first = self.room_model(room).start_over(tensors)
        room = msgspec.structs.replace(room, first=first.version)
        self.rooms.open(room)
        return room, code

    def room_model(self, room: Room) -> Model:
        """Return a room's network, with weights that only the room has."""
        return self._room_models.get(room, lambda: self._load_room(room))

    def _taught(self, name: str, room: str) -> Model:
        """Return the model that lessons are for: a room's, by the room's name in the store, or the shared one."""
        return self.room_model(self.rooms.named(room)) if room else self.model(name)

    def reset_room(self, room: Room, *, new: bool) -> Version:
        """Give a room the weights that it started with again, or new, random ones.

        Raises:
            NotFoundError: when the room has just ended.
        """
        model = self.room_model(room)
        try:
            return model.start_over(_random(model) if new else model.weights.get(room.first).tensors)
        except NotFoundError as error:
            raise NotFoundError(OVER) from error

    def model_names(self) -> list[str]:
        """Return the names of the models that have been seeded, sorted."""
        keys = self._store.keys("models/")
        return [key.split("/")[1] for key in keys if key.endswith("/manifest.json")]

    def warm_up(self) -> None:
        """Read what the first predictions need. If that is missing or damaged, a request will say so."""
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:  # a model is four objects, of which each names the next
                list(pool.map(self._warm_up, self.model_names()))
        except UnavailableError as error:
            log.warning("not warmed up", extra={"error": str(error)})

    def start_retraining(self, model: Model) -> Job:
        """Queue a retraining from scratch, and start it.

        Raises:
            JobActiveError: when the model is being retrained already.
        """
        job = self.jobs.start(model.manifest.model, self.settings.train_iterations, _present(model))
        try:
            self._launcher.start(job.id, self.run_job)
        except UnavailableError as error:
            self.jobs.fail(job.id, str(error))
            raise
        known = {"model": job.model, "version": job.replaces, "by": "DELETE /weights", "job": job.id}
        log.info("weights cleared", extra=known)
        self.jobs.prune(job.model)
        return job

    def run_job(self, job_id: str, seconds: float | None = None) -> Job:
        """Run a queued retraining to its end, with at most so many seconds of training.

        A job that has already started is not run again: Lambda repeats an event whose function failed.
        """
        try:
            lease = Lease(self.jobs, job_id)
        except JobLostError as error:
            log.warning("job not run", extra={"job": job_id, "error": str(error)})
            return self.jobs.get(job_id)
        recipe = Recipe(self.settings.batch_size, self.settings.learning_rate, seconds, self._clock)
        with lease:
            return retrain(lease, lambda: self.model(lease.job.model), self.dataset, recipe)

    def _warm_up(self, name: str) -> None:
        try:
            self.readiness.check_model(name)
        except (NotFoundError, CorruptDataError, UnavailableError) as error:
            log.warning("not warmed up", extra={"model": name, "error": str(error)})

    @cached_property
    def _test_digits(self) -> Digits:
        return Digits.of(self.dataset.first("test", TEST_DIGITS))

    def _load(self, name: str) -> Model | ImportedModel:
        key = f"models/{name}/manifest.json"
        try:
            if not MODEL_NAME.fullmatch(name):
                raise NotFoundError(key)
            with damage_named(key):
                manifest = structs.decode(self._store.get(key).body, ModelManifest)
        except NotFoundError as error:
            raise self._unknown(name) from error
        if manifest.interface is not None:
            return ImportedModel(self._store, manifest, manifest.interface)
        weights = WeightsRepository(
            self._store, manifest, self.settings.keep_versions, lambda: self.jobs.referenced(name)
        )
        return Model(self._store, manifest, weights, lambda: self._test_digits, self._clock)

    def _load_room(self, room: Room) -> Model:
        manifest, store = self.model(room.model).manifest, PrefixedStore(self._store, room.prefix)
        weights = WeightsRepository(
            store, manifest, self.settings.keep_versions, lambda: {room.first}, unpublished=OVER
        )
        return Model(self._store, manifest, weights, lambda: self._test_digits, self._clock, metered=False)

    def _unknown(self, name: str) -> Exception:
        names = self.model_names()
        if not names:
            return UnavailableError("no model has been seeded; run `scrawl seed`")
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        return NotFoundError(
            f"there is no model {shown!r}; there are: {', '.join(names)}. `scrawl seed --model mlp-300-100` adds "
            "that network; docs/models.md says what names there are"
        )


def _random(model: Model) -> Weights:
    return initial_weights(model.manifest.shapes(), secrets.randbits(31))


def _present(model: Model) -> str | None:
    """Return the current version's id; None if it cannot be read, which a retraining repairs."""
    try:
        return model.weights.current().version
    except (NotFoundError, CorruptDataError):
        return None
