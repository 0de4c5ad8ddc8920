"""The last step of the page's start: everything that is not needed to draw and to predict, loaded once that works.

What a feature's author must know:

- A feature is a module or package named in FEATURES, with `start(app)`. What FEATURES and `worker.features` import
  and the first bundle does not hold goes into a second one, `scrawl-later.js`; `site/styles/*.css` into `later.css`.
  Neither counts among the bytes before the page is usable, but each library module still costs its size.
- Features start one after the other, several in a task as long as it has taken less than BATCH. A feature should stay
  under 50 ms: put off what is not seen at once (a view in a closed section, a first painting), and import it where it
  is needed.
- `app` is `scrawl.app.app.App`: its page, API, connection, models and weights, and what earlier features have added.
- A feature adds its events with `transitions.register({"event": function})`, its views to `page.views`, what follows
  from changes with `page.on_change`, and keeps its state in an object of its own, `page.state.runs = RunsState()`,
  which `start` sets before anything is dispatched.
- Its messages to and from the worker stand in `protocol`. Its half in the worker is listed in `worker.features`. What
  is requested before that is there waits.
- Modules that the page and the worker share, or that do not need a browser, import nothing from `browser`.
- When all have started, and the worker's half too, `document.body.dataset.complete` is "yes". A feature that fails to
  start does not stop the others: the page says so, and the console says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.client.api import absolute_url, has_api

if TYPE_CHECKING:
    from browser import Event

    from scrawl.app.app import App
    from scrawl.state.app_state import State

# The features' modules, in the order in which they start.
FEATURES: list[str] = [
    "scrawl.state.transitions.training",  # first: the worker gets the bundle at the same time, and may report at once
    "scrawl.ui.curves_view",
    "scrawl.ui.training_options",
    "scrawl.editor.network_editor",
    "scrawl.inspect.inspector",
    "scrawl.diagram.network_diagram",
    "scrawl.drawing.tools",
    "scrawl.runs.runs_view",
    "scrawl.share.weights_view",
    "scrawl.share.recovery",
    "scrawl.share.api_comparison",
    "scrawl.files.weight_files",
    "scrawl.share.version_history",
    "scrawl.files.collected_digits",
    "scrawl.together.together_view",
    "scrawl.share.commands_view",
    "scrawl.storage.storage_view",
    "scrawl.ui.tour",
    "scrawl.app.offline",
    "scrawl.app.watchdog",
    "scrawl.app.background_tab",
    "scrawl.client.liveness",
]
NEED_API = (  # of a page without an API they are left out
    "scrawl.share.recovery",
    "scrawl.share.api_comparison",
    "scrawl.share.version_history",
    "scrawl.together.together_view",
    "scrawl.share.commands_view",
    "scrawl.client.liveness",
)
BATCH = 25  # milliseconds of starting features after which the page may show something
RETRY = 4000  # milliseconds until the bundle is requested again


class FeatureLoader:
    """Loads the second bundle once the page can be used, and starts the features."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.page = app.page
        self._waiting = [name for name in FEATURES if has_api() or name not in NEED_API]  # to be started
        self._missing = 2  # the page's half and the worker's
        self._requested = False
        self.page.on_change(self._load_when_ready)
        self.page.on_report("features_ready", self._finish_half)

    def _load_when_ready(self, state: State) -> None:
        if state.phase == "ready" and not self._requested:
            self._requested = True
            window.setTimeout(self._load_style, 0)

    def _load_style(self) -> None:
        style = document.createElement("link")
        style.rel, style.href = "stylesheet", document.body.dataset.laterStyle
        style.bind("load", self._load_script)
        style.bind("error", self._fail)
        document.head.appendChild(style)

    def _load_script(self, _event: Event) -> None:
        script = document.createElement("script")
        script.src = document.body.dataset.later
        script.bind("load", self._start_features)
        script.bind("error", self._fail)
        document.head.appendChild(script)

    def _fail(self, event: Event) -> None:
        event.target.remove()
        self.page.dispatch("features_failed", seconds=RETRY // 1000)
        window.setTimeout(self._load_style, RETRY)

    def _start_features(self, _event: Event) -> None:
        self.page.dispatch("features_loaded")
        urls = document.body.dataset
        self.page.send("load_features", address=absolute_url(urls.later), pictures=absolute_url(urls.pictures))
        self._start_some()

    def _start_some(self) -> None:
        if not self._waiting:
            self._finish_half()
            return
        window.setTimeout(self._start_some, 0)
        end = window.performance.now() + BATCH
        while self._waiting and window.performance.now() < end:
            self._start(self._waiting.pop(0))

    def _start(self, name: str) -> None:
        try:
            __import__(name, None, None, ["start"]).start(self.app)
        except Exception as error:
            self.page.dispatch("feature_failed", name=name, message=f"{type(error).__name__}: {error}")
            raise

    def _finish_half(self) -> None:
        self._missing -= 1
        if not self._missing:
            self.app.complete()
