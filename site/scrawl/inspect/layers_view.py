"""The layers of the selected network: their panels, and what the chosen unit does. It paints one panel a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.inspect import descriptions
from scrawl.inspect.panel_view import PanelView
from scrawl.inspect.panels import columns_for, panels_for
from scrawl.inspect.polling import when_visible
from scrawl.ui.dom import set_attribute, set_flag, set_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser import Element

    from scrawl.app.page import Page
    from scrawl.inspect.inspect_state import UnitExplanation
    from scrawl.inspect.panels import Panel
    from scrawl.state.app_state import State

GAP = 24  # pixels between two columns of panels

LAYERS = """<div class="panels"></div>
<aside class="chosen" aria-label="The chosen unit">
  <div class="chosen-pictures"></div>
  <p class="chosen-words"></p>
  <p class="unseen" aria-live="polite"></p>
  <ol class="votes" start="0" aria-label="What it adds to each digit's score" hidden></ol>
</aside>"""
INVITATION = "Point at a unit, tap it, or walk with the arrow keys: here you see what it does for your drawing."


class LayersView:
    """Owns the panels. `request` is called when a panel comes onto the screen, or another unit is chosen."""

    def __init__(self, page: Page, root: Element, request: Callable[[], object]) -> None:
        self.page = page
        self.request = request
        self.root = root
        root.innerHTML = LAYERS
        self.place = root.querySelector(".panels")
        self.chosen = ChosenUnitView(root.querySelector(".chosen"))
        self._views: list[PanelView] = []
        self._visible: list[str] = []  # names of the panels on the screen
        self._model = ""  # whose panels there are
        self._observers: list[Any] = []
        self._room = 0  # pixels across; 0 in a tab that is not shown
        self._width = 0  # for which the panels were arranged
        window.ResizeObserver.new(self._resized).observe(root)

    def resize(self) -> None:
        """Arrange the panels again if there is more room, or less."""
        width = self.root.clientWidth  # 0 in a tab that is not shown
        if self._model and width and abs(width - self._width) > 1:
            self._model = ""
        for view in self._views:
            view.repaint()

    def _resized(self, _entries: object, _observer: object) -> None:
        appeared, self._room = not self._room, self.root.clientWidth
        if appeared and self._room:
            self.page.request_render()

    def visible_panels(self, model: str) -> list[tuple[Panel, int]]:
        """Return (panel, columns) of a network's panels on the screen."""
        if model != self._model:
            return []
        return [(view.panel, view.columns) for view in self._views if view.panel.name in self._visible]

    def render(self, state: State) -> bool:
        """Show what has been painted. Return whether there is more to show."""
        if state.model != self._model:  # the panels are another network's
            if state.layers() and self._room:
                self._arrange(state)
                return True
            return False
        pictures, chosen = state.inspection.pictures, state.inspection.chosen
        for view in self._views:
            view.mark(chosen)
        changed = any(self._show_panel(view, state, pictures.get(view.panel.name)) for view in self._views)
        self.chosen.show(state, self._views)
        return changed

    def _show_panel(self, view: PanelView, state: State, picture: Any) -> bool:
        has_input = view.panel.is_weights() or not state.blank
        return view.panel.name in self._visible and view.show(picture if has_input else None)

    def _arrange(self, state: State) -> None:
        """Make room for the panels of a network."""
        self._model = state.model
        self._width = self.root.clientWidth
        for observer in self._observers:
            observer.disconnect()
        self.place.innerHTML = ""
        self._visible = []
        width = self.place.clientWidth
        if width > 640:
            width = (width - GAP) / 2
        panels = panels_for(state.layers())
        self._views = [PanelView(panel, columns_for(panel, width), self._choose) for panel in panels]
        for view in self._views:
            self.place.appendChild(view.element)
        self._observers = [when_visible(view.element, self._set_visible) for view in self._views]
        self.chosen.arrange(self._views)

    def _set_visible(self, element: Element, on: bool) -> None:
        name = element.getAttribute("data-panel") or ""
        self._visible = [other for other in self._visible if other != name] + ([name] if on else [])
        if on:
            self.request()

    def _choose(self, stage: int, unit: int) -> None:
        if self.page.state.inspection.chosen != (stage, unit):
            self.page.dispatch("unit_chosen", stage=stage, unit=unit)
            self.request()


class ChosenUnitView:
    """What the chosen unit does: its pictures, enlarged, a sentence, and its contributions to the ten scores."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.pictures = element.querySelector(".chosen-pictures")
        self.description = element.querySelector(".chosen-words")
        self.announcement = element.querySelector(".unseen")
        self.contributions = element.querySelector(".votes")
        self.contributions.innerHTML = "".join(
            f'<li><span class="bar"><i></i></span><b>{digit}</b><span class="vote"></span></li>'
            for digit in range(10)
        )
        self.bars = list(self.contributions.querySelectorAll("i"))
        self.numbers = list(self.contributions.querySelectorAll(".vote"))
        self._canvases: dict[str, Element] = {}  # by panel
        self._shown: list[object] = [0, 0, 0]

    def arrange(self, views: list[PanelView]) -> None:
        """Make room for the enlarged pictures."""
        self.pictures.innerHTML = ""
        self._canvases = {}
        for view in views:
            if view.choosable and view.panel.side > 1:
                canvas = document.createElement("canvas")
                set_attribute(canvas, "width", str(view.panel.side))
                set_attribute(canvas, "height", str(view.panel.side))
                set_attribute(canvas, "aria-hidden", "true")
                set_flag(canvas, "hidden", True)  # until a unit is chosen
                self.pictures.appendChild(canvas)
                self._canvases[view.panel.name] = canvas

    def show(self, state: State, views: list[PanelView]) -> None:
        """Show the chosen unit."""
        chosen, explanation = state.inspection.chosen, state.inspection.explanation
        self._show_pictures(chosen, views)
        shown: list[object] = [chosen, explanation, state.blank]
        if all(now is before for now, before in zip(shown, self._shown, strict=True)):
            return
        is_news = chosen is not self._shown[0] or self._shown[1] is None
        self._shown = shown
        if chosen is None:
            set_text(self.description, INVITATION)
            set_flag(self.contributions, "hidden", True)
            return
        self._explain(chosen, None if state.blank else explanation, views)
        if is_news:  # while the network learns the numbers change all the time: that is not announced
            set_text(self.announcement, self.description.textContent)

    def _show_pictures(self, chosen: tuple[int, int] | None, views: list[PanelView]) -> None:
        for view in views:
            canvas = self._canvases.get(view.panel.name)
            if canvas is not None:
                unit = chosen[1] if chosen and chosen[0] == view.panel.stage else None
                set_flag(canvas, "hidden", unit is None)
                if unit is not None:
                    view.enlarge(unit, canvas.getContext("2d"))

    def _explain(self, chosen: tuple[int, int], explanation: UnitExplanation | None, views: list[PanelView]) -> None:
        noun = next((descriptions.noun(view.panel) for view in views if view.panel.stage == chosen[0]), "unit")
        shares = [float(share) for share in explanation["contributions"]] if explanation else [0.0] * 10
        activation = float(explanation["activation"]) if explanation else None
        set_text(self.description, descriptions.chosen_unit(noun, chosen[1], activation, shares))
        set_flag(self.contributions, "hidden", not activation)
        most = max(abs(share) for share in shares) or 1.0
        for bar, number, share in zip(self.bars, self.numbers, shares, strict=True):
            bar.style.transform = f"scaleY({-share / most:.3f})"
            set_attribute(bar, "class", "for" if share > 0 else "against")
            set_text(number, descriptions.contribution(share))
