"""Starts the page in steps, each a task of its own, so that the browser can work while the next is imported.

1. `worker_link` takes over the worker, which takes longest to start.
2. `start_requests`: everything that has to be fetched is requested.
3. `start_drawing`: the pad and predictions. With these the page can be used.
4. `start_controls`: training, the API's status, buttons and fields.
5. `feature_loader` loads the second bundle with all the rest once the page can be used.

Importing keeps the thread busy, and a worker cannot start while the thread that made it is busy: that is why
there are pauses, and imports inside the functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.app.worker_link import WorkerLink

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrawl.app.app import App

PAUSE = 8  # milliseconds in which the browser can start the worker
LINK = WorkerLink()


def start_requests() -> None:
    """Request what comes over the network: models, weights, what the API has."""
    from scrawl.app.app import App

    app = App(LINK)
    app.start()
    window.setTimeout(attempt, 0, start_drawing, app)


def start_drawing(app: App) -> None:
    """Let the person draw, and predict what is drawn."""
    from scrawl.drawing.pad_view import PadView
    from scrawl.drawing.pen_input import PenInput
    from scrawl.drawing.prediction_requests import PredictionRequests
    from scrawl.ui.prediction_view import PredictionView
    from scrawl.ui.status_view import PhaseView

    page, prediction_view = app.page, PredictionView()
    app.pad = pad = PadView()
    app.predictions = PredictionRequests(page, pad)
    page.frame_views += [pad, prediction_view, PhaseView()]
    app.on_repaint(pad.resize)
    app.on_repaint(prediction_view.repaint)
    PenInput(pad.canvas, page.dispatch_at_once)
    page.request_render()
    window.setTimeout(attempt, 0, start_controls, app)


def start_controls(app: App) -> None:
    """Connect buttons and fields, and show training and the API's status."""
    from scrawl.app.actions import Actions
    from scrawl.app.feature_loader import FeatureLoader
    from scrawl.ui.status_view import StatusView
    from scrawl.ui.tabs import Tabs
    from scrawl.ui.training_view import TrainingButtons, TrainingView

    Actions(app)
    FeatureLoader(app)
    app.tabs = Tabs(app.repaint)
    app.page.frame_views.append(TrainingButtons())
    app.page.views += [TrainingView(), StatusView()]
    window.addEventListener("resize", app.repaint)
    app.page.request_render()


def attempt(step: Callable[..., None], *arguments: App) -> None:
    """Take a step of the start; the page says so if it fails, since nothing follows then."""
    try:
        step(*arguments)
    except Exception as error:
        window.notStarted(f"{type(error).__name__}: {error}", True)
        raise


window.setTimeout(attempt, PAUSE, start_requests)
