"""The first part of the page's start: all that asks others, so that their answers come while the rest is made."""

from browser import document
from browser import self as window

from scrawl.app.first_weights import FirstWeights
from scrawl.app.networks import Models
from scrawl.app.page import Page
from scrawl.client.api import Api
from scrawl.client.connection import Connection
from scrawl.storage.restore import Restoring
from scrawl.storage.saved_visit import Kept


class Parts:
    """What the page consists of, views and controls aside."""

    def __init__(self, link: object) -> None:
        addresses = document.body.dataset
        self.link = link
        self.page = Page(link)
        self.api = Api(absolute(addresses.api), lambda count: self.page.dispatch("requests", count=count))
        self.connection = Connection(self.page, self.api)
        kernels = [absolute(addresses.kernel), absolute(addresses.kernelRelaxed)]
        self.models = Models(self.page, self.connection, absolute(addresses.models), kernels)
        self.kept = Kept()
        self.restoring = Restoring(self.page, self.kept)
        self.first_weights = FirstWeights(self.page, self.api, self.connection, self.restoring)
        self.when_complete: list = []  # what to do once all features have begun
        self.resizing: list = []  # what to do when the colours or the size change

    def begin(self) -> None:
        """Ask for models, weights and data, beginning where the last visit ended."""
        self.kept.find(self._begin)

    def _begin(self) -> None:
        self.restoring.begin()
        self.models.begin()
        self.first_weights.ask()
        self.connection.begin()

    def repaint(self, _event: object = None) -> None:
        """Have everything painted again: the colours or the size have changed."""
        for action in self.resizing:
            action()
        self.page.show()


def absolute(address: str) -> str:
    """Return an address that the worker, which lives elsewhere, understands as well."""
    return window.URL.new(address, document.baseURI).href
