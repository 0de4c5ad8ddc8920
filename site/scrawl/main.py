"""Starts the page: the worker first, since it takes longest, then what the person sees, then the API."""

from scrawl.link import Link

LINK = Link()

from browser import aio, document  # noqa: E402 - the worker is starting meanwhile
from browser import self as window  # noqa: E402
from javascript import JSON  # noqa: E402

from scrawl.actions import Actions  # noqa: E402
from scrawl.api import Api  # noqa: E402
from scrawl.connection import Connection  # noqa: E402
from scrawl.page import Page  # noqa: E402
from scrawl.pointer import Pointer  # noqa: E402
from scrawl.reading import Reading  # noqa: E402
from scrawl.sharing import Sharing  # noqa: E402
from scrawl.views.curves import CurvesView  # noqa: E402
from scrawl.views.pad import PadView  # noqa: E402
from scrawl.views.reading import ReadingView  # noqa: E402
from scrawl.views.sharing import SharingView  # noqa: E402
from scrawl.views.training import TrainingView  # noqa: E402

PAGE = Page(LINK)


class PhaseView:
    """Says on the body whether one can draw and predict."""

    def render(self, state: object) -> None:
        """Show the phase."""
        if document.body.getAttribute("data-state") != state.phase:
            document.body.setAttribute("data-state", state.phase)


def absolute(address: str) -> str:
    """Return an address that the worker, which lives elsewhere, understands as well."""
    return window.URL.new(address, document.baseURI).href


class Models:
    """Opens the chosen architecture in the worker."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        attributes = document.body.dataset
        self.kernels = [absolute(attributes.kernel), absolute(attributes.kernelRelaxed)]
        self.address = absolute(attributes.models)

    async def begin(self) -> None:
        """Fetch the architectures and open the first."""
        response = await window.fetch(self.address)
        PAGE.dispatch("models_known", models=JSON.parse(await response.text())["models"])
        self.open()

    def open(self) -> None:
        """Make the worker's network anew."""
        state = PAGE.state
        model = next(model for model in state.models if model["model"] == state.model)
        PAGE.ask(
            "open",
            kernel=JSON.stringify(self.kernels),
            model=JSON.stringify(model),
            settings=JSON.stringify(state.settings),
            seed=int(window.Math.random() * 1_000_000),
        )
        self.connection.tell_worker()


def start() -> None:
    """Put the parts together."""
    api = Api(absolute(document.body.dataset.api), lambda count: PAGE.dispatch("requests", count=count))
    connection = Connection(PAGE, api)
    models = Models(connection)
    aio.run(models.begin())
    sharing = connection.sharing = Sharing(PAGE, api, connection)
    sharing.first_weights()
    connection.begin()
    pad, reading_view, training = PadView(), ReadingView(), TrainingView()
    reading = Reading(PAGE, pad)
    PAGE.listeners["predicted"] = reading.answered
    curves = CurvesView()
    PAGE.views = [pad, reading_view, training, curves, SharingView(), reading, PhaseView()]
    training.show_settings(PAGE.state.settings)
    Pointer(pad.canvas, PAGE.dispatch)
    Actions(PAGE, api, sharing, connection, models)
    follow_theme(pad, reading_view, curves)
    PAGE.show()


def follow_theme(pad: PadView, reading_view: ReadingView, curves: CurvesView) -> None:
    """Paint again what is painted when the colours or the size change."""

    def repaint(_event: object) -> None:
        pad.resize()
        reading_view.repaint()
        curves.resize()
        PAGE.show()

    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint)
    window.addEventListener("resize", repaint)


start()
