"""The three captions of a first visit: each can be closed, and stays closed. Showing them is left to the style."""

from browser import document

from scrawl.storage.preferences import keep
from scrawl.ui.dom import set_attribute


class Captions:
    """Owns the captions; which are still open stands on the root, from before the first painting."""

    def __init__(self) -> None:
        self.root = document.documentElement
        for caption in document.select(".caption"):
            caption.select_one("button").bind("click", self._closer(caption))

    def _closer(self, caption: object) -> object:
        def close(_event: object) -> None:
            left = self.root.getAttribute("data-captions").replace(caption.dataset.caption, "") or "none"
            set_attribute(self.root, "data-captions", left)
            keep("scrawl.captions", left)
            caption.closest("section").querySelector("button:not(:disabled)").focus()

        return close
