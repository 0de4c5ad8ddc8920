"""The third part of the page's start: training, the API's state, and all that is pressed or filled in."""

from browser import self as window

from scrawl.app.actions import Actions
from scrawl.app.feature_loader import Later
from scrawl.ui.connection_view import ConnectionView
from scrawl.ui.training_view import TrainingView


def begin(parts: object) -> None:
    """Add them to the page."""
    page = parts.page
    Actions(parts)
    page.at_once.append(Later(parts))
    page.views += [TrainingView(), ConnectionView()]
    window.addEventListener("resize", parts.repaint)
    page.show()
