"""What the page consists of. Making an `App` requests what comes over the network, so that it is on its way early.

Drawing, controls and features come later; `main` and `feature_loader` add them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document

from scrawl.app.initial_weights import InitialWeights
from scrawl.app.model_catalog import ModelCatalog
from scrawl.app.page import Page
from scrawl.client.api import Api, absolute_url, has_api
from scrawl.client.connection import Connection
from scrawl.listeners import call_each
from scrawl.storage.restore import VisitRestorer
from scrawl.storage.saved_visit import SavedVisit

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrawl.app.worker_link import WorkerLink
    from scrawl.client.sharing_api import SharingApi
    from scrawl.drawing.pad_view import PadView
    from scrawl.drawing.prediction_requests import PredictionRequests
    from scrawl.runs.url_sync import UrlSync
    from scrawl.share.shared_weights import SharedWeights
    from scrawl.storage.autosave import Autosave
    from scrawl.ui.curves_view import CurvesView
    from scrawl.ui.tabs import Tabs


class App:
    """The objects that make up the page, views aside."""

    # Set by the later steps of the start and by features, for the features after them.
    pad: PadView
    predictions: PredictionRequests
    curves: CurvesView
    tabs: Tabs
    sharing_api: SharingApi
    shared_weights: SharedWeights
    autosave: Autosave
    url_sync: UrlSync

    def __init__(self, link: WorkerLink) -> None:
        urls = document.body.dataset
        self.link = link
        self.page = Page(link)
        self.api = _api_class()(absolute_url(urls.api), lambda count: self.page.dispatch("requests", count=count))
        self.connection = Connection(self.page, self.api)
        builds = {"plain": urls.kernel, "relaxed": urls.kernelRelaxed, "helper": urls.helper}
        builds |= {"threads": urls.kernelThreads, "threadsRelaxed": urls.kernelThreadsRelaxed}
        kernels = {build: absolute_url(url) for build, url in builds.items()}
        self.models = ModelCatalog(self.page, self.connection, absolute_url(urls.models), kernels)
        self.saved_visit = SavedVisit()
        self.visit_restorer = VisitRestorer(self.page, self.saved_visit)
        self.initial_weights = InitialWeights(self.page, self.api, self.connection, self.visit_restorer)
        self._when_complete: list[Callable[[], object]] = []
        self._when_repainting: list[Callable[[], object]] = []

    def start(self) -> None:
        """Continue the last visit, and request models, weights and data."""
        self.saved_visit.find(self._start)

    def _start(self) -> None:
        self.visit_restorer.restore_page()
        self.models.start()
        self.initial_weights.request()
        self.connection.start()

    def on_complete(self, action: Callable[[], object]) -> None:
        """Have something done once all features have started, and the worker's part of them."""
        self._when_complete.append(action)

    def complete(self) -> None:
        """Say that all of the page is there."""
        self.page.complete()
        document.body.setAttribute("data-complete", "yes")
        call_each(self._when_complete)

    def on_repaint(self, action: Callable[[], object]) -> None:
        """Have something done when the colours or the size of the page change."""
        self._when_repainting.append(action)

    def repaint(self, _event: object = None) -> None:
        """Paint everything again: the colours or the size have changed."""
        call_each(self._when_repainting)
        self.page.request_repaint()


def _api_class() -> type[Api]:
    """Return what talks to the API, or to the files of a page that has none, which only its own bundle has."""
    if has_api():
        return Api
    found: type[Api] = __import__("scrawl.client.static_api", None, None, ["StaticApi"]).StaticApi
    return found
