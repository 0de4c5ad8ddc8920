"""Keeps the page's address up to date, and does what an address asks for when the page is opened with it.

A reload finds what this browser has kept, which belongs to the same address, so only an address that this tab has not
written itself is followed. What it says is `address`'s.
"""

from browser import aio
from browser import self as window

from scrawl.client import fetching
from scrawl.runs import url_fragment
from scrawl.storage.saved_visit import ADDRESS

SOON = 400  # milliseconds from a change to the address that says so


class Addressing:
    """Watches the state as a view does."""

    def __init__(self, parts: object) -> None:
        self.parts = parts
        self.page, self.state = parts.page, parts.page.state
        self._texts: dict = {}  # that the address says, or soon will
        self._timer = 0
        self._asked: object = None  # the address whose weights are to come
        self.page.after("opened", self._opened)
        window.addEventListener("hashchange", self._followed)
        if window.location.hash != written():
            self.follow(window.location.hash)

    def render(self, state: object) -> None:
        """Notice what has changed."""
        texts = url_fragment.texts_of(state)
        if texts != self._texts and self._asked is None:
            self._texts = texts
            if not self._timer:
                self._timer = window.setTimeout(self._write, SOON)

    def follow(self, text: str) -> None:
        """Do what an address asks for."""
        texts = {}
        window.URLSearchParams.new(text.removeprefix("#")).forEach(
            lambda value, name, _all: texts.__setitem__(name, value)
        )
        if not texts:
            return
        asked = url_fragment.parse(texts, self.state.models)
        self._asked = asked
        if asked.pen:
            self.page.dispatch("pen_chosen", width=url_fragment.PENS[asked.pen])
        self.page.dispatch("normalising_chosen", on=asked.normalising)
        self.page.dispatch("settings_given", typed=asked.typed)
        self.page.dispatch("model_chosen", model=asked.model or self.state.models[0]["model"])
        self.parts.models.open()
        if asked.problems:
            told = " ".join(asked.problems)
            self.page.dispatch(
                "noticed", place="page", text=f"Not all of the address can be used. {told}", tone="warning"
            )

    def link(self) -> str:
        """Return the whole address of what is on screen."""
        self._write()
        return window.location.href

    def _opened(self, model: str) -> None:
        """The network is there: give it the weights that the address asks for."""
        asked, self._asked = self._asked, None
        if asked is None:
            return
        if asked.weights == url_fragment.NEW:
            self.page.dispatch("new_weights_wanted")
            self.page.ask("randomise", seed=self.state.settings["seed"])
        elif asked.weights:
            aio.run(self._load(model, asked.weights))
        else:
            self.parts.first_weights.ask()
        self.page.show()

    async def _load(self, model: str, version: str) -> None:
        try:
            buffer, etag = await self.parts.api.weights(model, version=version)
        except (fetching.AwayError, fetching.RefusedError) as error:
            message = (
                f"The address asks for version {version} of the shared weights: {error}. Other weights are used."
            )
            self.page.dispatch("noticed", place="page", text=message, tone="warning")
            return
        self.page.dispatch("etag_known", model=model, etag=etag)
        self.page.ask("weights", model=model, buffer=buffer, origin="shared")

    def _followed(self, _event: object) -> None:
        if window.location.hash != written():
            self.follow(window.location.hash)

    def _write(self) -> None:
        self._timer = 0
        words = [f"{name}={window.encodeURIComponent(text)}" for name, text in self._texts.items()]
        text = "#" + "&".join(words) if words else ""
        if text == window.location.hash:
            return
        try:
            window.sessionStorage.setItem(ADDRESS, text)
        except Exception:  # storage is closed to the page: a reload will follow the address
            window.console.warn("the address cannot be remembered")
        place = window.location
        window.history.replaceState("", "", text or place.pathname + place.search)


def written() -> str:
    """Return the address that this tab has written last."""
    try:
        return window.sessionStorage.getItem(ADDRESS) or ""
    except Exception:
        return ""
