"""What becomes of the saved work when the browser sets the page aside, to show it again when one comes back to it.

WebKit suspends the worker as it is: amid a transaction, which then keeps the storage from every other page. So a
worker that is saving is stopped, and the page reloads when it is shown again; also if the work went on elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

if TYPE_CHECKING:
    from typing import Any

    from scrawl.app.app import App


class SetAside:
    """Listens for the page's being set aside, and for its return."""

    def __init__(self, app: App) -> None:
        self.autosave, self.link, self.saved_visit = app.autosave, app.link, app.saved_visit
        self._stopped = False
        window.addEventListener("pagehide", self._left)
        window.addEventListener("pageshow", self._shown)

    def _left(self, event: Any) -> None:
        if event.persisted:
            self.autosave.pause(True)
            self._stopped = self.autosave.in_flight != ""
            if self._stopped:
                self.link.stop()

    def _shown(self, event: Any) -> None:
        if event.persisted:
            if self._stopped or self.saved_visit.is_overtaken():
                window.location.reload()
            else:
                self.autosave.pause(False)
