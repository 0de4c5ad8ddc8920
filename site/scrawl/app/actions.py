"""What buttons and fields do: each handler changes the state, and asks the worker or the API for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.client import fetching
from scrawl.ui.dom import by_id
from scrawl.ui.training_view import SETTING_IDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Event

    from scrawl.app.app import App
    from scrawl.state.app_state import State
    from scrawl.state.settings import Settings

WAITING = 800  # milliseconds without an answer until the page says that it waits


class Actions:
    """Connects the page's buttons and fields with the `app`."""

    def __init__(self, app: App) -> None:
        page = self.page = app.page
        self.state = page.state
        self.api = app.api
        self.connection = app.connection
        self.models = app.models
        self.initial_weights = app.initial_weights
        self._sampling = False
        self._settings: Settings = self.state.settings  # that the worker was told of
        page.on_change(self._send_settings)
        clicks: dict[str, Callable[[], None]] = {
            "undo": lambda: page.dispatch_at_once("undone"),
            "redo": lambda: page.dispatch_at_once("redone"),
            "clear": lambda: page.dispatch_at_once("cleared"),
            "sample": self.sample,
            "train": self.train,
            "step": self.step,
            "weights-new": self.new_weights,
            "teach-undo": lambda: page.send("take_back_lesson"),
        }
        for name, action in clicks.items():
            by_id(name).bind("click", _without_event(action))
        by_id("sample").disabled = False  # the others follow the state
        by_id("teach").bind("submit", self.teach)
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
            self.page.dispatch_at_once("sampled", picture=picture, label=label)
        except fetching.ApiUnavailableError as error:
            self.connection.mark_unavailable(str(error))
            self.page.send("sample")
        except fetching.RefusedError as error:
            self.page.dispatch("noticed", place="draw", text=str(error), tone="error")
        finally:
            window.clearTimeout(timer)
            self._sampling = False

    def _say_waiting(self) -> None:
        self.page.dispatch("noticed", place="draw", text="Waiting for the API's digit…", tone="quiet")

    def train(self) -> None:
        """Start training, or pause it."""
        self.page.dispatch_at_once("training_wanted", on=not self.state.training)
        self.page.send("train" if self.state.training else "pause")

    def step(self) -> None:
        """Do one step of training."""
        self.page.dispatch_at_once("step_wanted")
        self.page.send("step")

    def new_weights(self) -> None:
        """Start again from random weights."""
        self.page.dispatch_at_once("new_weights_wanted")
        self.page.send("randomise", seed=self.state.settings["seed"])

    def teach(self, event: Event) -> None:
        """Teach the network the drawing with the chosen label."""
        event.preventDefault()
        self.page.send("tune", label=self.state.label)

    def choose_label(self, event: Event) -> None:
        """Note which digit the drawing is meant to be."""
        self.page.dispatch("label_chosen", label=int(event.target.value))

    def choose_model(self, event: Event) -> None:
        """Select another network; the first time, its weights are fetched."""
        self.models.choose(event.target.value)
        self.initial_weights.request()

    def _setting(self, name: str) -> Callable[[Event], None]:
        return lambda event: self.page.dispatch("setting_changed", name=name, text=event.target.value)

    def _send_settings(self, state: State) -> None:
        """Tell the worker of other settings: somebody chose them, or they follow the network and its weights."""
        if state.settings != self._settings:
            self._settings = state.settings
            self.page.send("settings", settings=JSON.stringify(state.settings))


def _without_event(action: Callable[[], None]) -> Callable[[Event], None]:
    return lambda _event: action()
