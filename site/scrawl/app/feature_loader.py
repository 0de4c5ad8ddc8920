"""The fourth part of the page's start: everything that is not needed to draw and to read, begun once that works.

What a feature's author must know:

- A feature is a module or package named in FEATURES, with `begin(parts)`. What FEATURES and `worker_later` import and
  the first bundle does not hold goes into a second bundle, `scrawl-later.js`; `site/styles/*.css` into `later.css`.
  Neither counts among the bytes before the page is usable, but each library module still costs its size.
- Features begin one after the other, each in a task of its own, which should stay under 50 ms: put off what is not
  seen at once (a view in a closed section, a first painting), and import it where it is needed.
- `parts` is `scrawl.app.app.Parts`: `.page` (`dispatch`, `ask`, `after`, `instead`, `views`, `state`), `.api`,
  `.connection`, `.models`, `.first_weights`, and two lists of functions: `.resizing`, called when size or theme
  change, and `.when_complete`.
- A feature adds its events with `transitions.register({"event": function})`, its views to `page.views`, and keeps its
  state in an object of its own, `page.state.inside = Inside()`, which `begin` sets before anything is dispatched.
- Its messages to and from the worker stand in `protocol`. Its half in the worker is an object whose methods are named
  like the requests, added in `scrawl.worker.features`. What is asked before it is there waits.
- Modules that the page and the worker share, or that have no need of a browser, import nothing from `browser`.
- When all have begun, and the worker's half too, `document.body.dataset.complete` is "yes". One that fails to begin
  does not keep the others from it: the page says so, and the console says why.
"""

from browser import document
from browser import self as window

from scrawl.app.app import absolute
from scrawl.ui.dom import by_id, show_notice

# The features' modules, in the order in which they begin.
FEATURES: list = [
    "scrawl.state.transitions.training",  # first: the worker gets the bundle at the same time, and may report at once
    "scrawl.ui.curves_view",
    "scrawl.ui.options",
    "scrawl.inspect.inspector",
    "scrawl.drawing.tools",
    "scrawl.runs.runs_view",
    "scrawl.share.feature",
    "scrawl.share.api_comparison",
    "scrawl.files.weight_files",
    "scrawl.share.version_history",
    "scrawl.files.collected_digits",
    "scrawl.share.commands_view",
    "scrawl.storage.storage_view",
    "scrawl.app.offline",
    "scrawl.app.watchdog",
    "scrawl.app.background_tab",
]
AGAIN = 4000  # milliseconds until the bundle is asked for again


class Later:
    """Waits for the page to be ready, then has the features begin. Owns #page-message."""

    def __init__(self, parts: object) -> None:
        self.parts = parts
        self.page = parts.page
        self._left = list(FEATURES)
        self._awaited = 2  # the features and the worker
        self._asked = False
        self._message = by_id("page-message")
        self.page.after("later_begun", self._one_done)

    def render(self, state: object) -> None:
        """Begin, once the page can be used, and show what concerns the whole page."""
        show_notice(self._message, state.notices.get("page"))
        if state.phase == "ready" and not self._asked:
            self._asked = True
            window.setTimeout(self._load, 0)

    def _load(self) -> None:
        style = document.createElement("link")
        style.rel, style.href = "stylesheet", document.body.dataset.laterStyle
        style.bind("load", self._load_script)
        style.bind("error", self._failed)
        document.head.appendChild(style)

    def _load_script(self, _event: object) -> None:
        script = document.createElement("script")
        script.src = document.body.dataset.later
        script.bind("load", self._loaded)
        script.bind("error", self._failed)
        document.head.appendChild(script)

    def _failed(self, event: object) -> None:
        event.target.remove()
        self.page.dispatch("later_failed", seconds=AGAIN // 1000)
        window.setTimeout(self._load, AGAIN)

    def _loaded(self, _event: object) -> None:
        self.page.dispatch("later_loaded")
        self.page.ask("later", address=absolute(document.body.dataset.later))
        self._begin_next()

    def _begin_next(self) -> None:
        if not self._left:
            self._one_done()
            return
        window.setTimeout(self._begin_next, 0)
        name = self._left.pop(0)
        try:
            __import__(name, None, None, ["begin"]).begin(self.parts)
        except Exception as error:
            self.page.dispatch("feature_failed", name=name, message=f"{type(error).__name__}: {error}")
            raise

    def _one_done(self) -> None:
        self._awaited -= 1
        if not self._awaited:
            document.body.setAttribute("data-complete", "yes")
            for action in self.parts.when_complete:
                action()
