"""The third part of the page's start: training, curves, the API's state, and all that is pressed or filled in."""

from browser import self as window

from scrawl.actions import Actions
from scrawl.later import Later
from scrawl.views.connection import ConnectionView
from scrawl.views.curves import CurvesView
from scrawl.views.training import TrainingView


def begin(parts: object) -> None:
    """Add them to the page."""
    page, training, curves = parts.page, TrainingView(), CurvesView()
    Actions(parts)
    page.views += [training, curves, ConnectionView(), Later(parts)]
    parts.curves = curves
    parts.resizing.append(curves.resize)
    window.addEventListener("resize", parts.repaint)
    page.show()
