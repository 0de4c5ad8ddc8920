"""What buttons, fields and keys do: each handler changes the state and asks the worker or the API for the rest."""

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.ui.dom import by_id
from scrawl.ui.training_view import SETTING_IDS

WAITING = 800  # milliseconds without an answer until the page says that it waits


class Actions:
    """Binds the page's controls to the `parts` of the page."""

    def __init__(self, parts: object) -> None:
        page = self.page = parts.page
        self.state = page.state
        self.api = parts.api
        self.connection = parts.connection
        self.models = parts.models
        self.first_weights = parts.first_weights
        self._sampling = False
        clicks = {
            "undo": lambda: page.dispatch("undone"),
            "redo": lambda: page.dispatch("redone"),
            "clear": lambda: page.dispatch("cleared"),
            "sample": self.sample,
            "train": self.train,
            "step": self.step,
            "weights-new": self.new_weights,
        }
        for name, action in clicks.items():
            by_id(name).bind("click", _without_event(action))
        by_id("sample").disabled = False  # the others follow the state
        by_id("teach").bind("submit", self.tune)
        by_id("label").bind("change", self.choose_label)
        by_id("model").bind("change", self.choose_model)
        for name, field in SETTING_IDS.items():
            by_id(field).bind("input", self._setting(name))

    def sample(self) -> None:
        """Show a test digit: the API's, or one of the worker's blocks when the API is away."""
        if not self._sampling:
            self._sampling = True
            aio.run(self._sample())

    async def _sample(self) -> None:
        timer = window.setTimeout(self._say_waiting, WAITING)
        try:
            picture, label = await self.api.sample()
            self.page.dispatch("sampled", picture=picture, label=label)
        except fetching.AwayError as error:
            self.connection.lost(str(error))
            self.page.ask("sample")
        except fetching.RefusedError as error:
            self.page.dispatch("noticed", place="draw", text=str(error), tone="error")
        window.clearTimeout(timer)
        self._sampling = False

    def _say_waiting(self) -> None:
        self.page.dispatch("noticed", place="draw", text="Waiting for the API's digit…", tone="quiet")

    def train(self) -> None:
        """Start training, or pause it."""
        self.page.dispatch("training_wanted", on=not self.state.training)
        self.page.ask("train" if self.state.training else "pause")

    def step(self) -> None:
        """Do one step of training."""
        self.page.dispatch("step_wanted")
        self.page.ask("step")

    def new_weights(self) -> None:
        """Begin anew from random weights."""
        self.page.dispatch("new_weights_wanted")
        self.page.ask("randomise", seed=self.state.settings["seed"])

    def tune(self, event: object) -> None:
        """Teach the drawing with the chosen label."""
        event.preventDefault()
        self.page.ask("tune", label=self.state.label)

    def choose_label(self, event: object) -> None:
        """Note what the drawing is meant to be."""
        self.page.dispatch("label_chosen", label=int(event.target.value))

    def choose_model(self, event: object) -> None:
        """Go on with another network; the weights shared for it are fetched the first time."""
        self.page.dispatch("model_chosen", model=event.target.value)
        self.models.open()
        self.first_weights.ask()

    def _setting(self, name: str) -> object:
        def changed(event: object) -> None:
            before = self.state.settings
            self.page.dispatch("setting_changed", name=name, text=event.target.value)
            if self.state.settings is not before:
                self.page.ask("settings", settings=JSON.stringify(self.state.settings))

        return changed


def _without_event(action: object) -> object:
    return lambda _event: action()
