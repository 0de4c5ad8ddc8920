"""The layers of the selected network: its panels, and what the chosen unit says. Painting is one panel a frame."""

from browser import document

from scrawl.inspect import descriptions
from scrawl.inspect.panel_view import PanelView
from scrawl.inspect.panels import columns_for, panels_for
from scrawl.inspect.polling import when_visible
from scrawl.ui.dom import set_attribute, set_flag, set_text

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
    """Owns the panels. `visible` are the names of those on the screen; `seen` is called when one comes there."""

    def __init__(self, page: object, root: object, seen: object) -> None:
        self.page = page
        self.visible: list = []
        self.seen = seen
        self.views: list = []
        self.root = root
        root.innerHTML = LAYERS
        self.place = root.querySelector(".panels")
        self.chosen = ChosenView(root.querySelector(".chosen"))
        self._model = ""
        self._observers: list = []
        self._width = 0

    def resize(self) -> None:
        """Arrange the panels anew if there is more room, or less."""
        if self._model and abs(self.root.clientWidth - self._width) > 1:
            self._model = ""
        for view in self.views:
            view.repaint()

    def wanted(self) -> list:
        """Return (panel, columns) of those that are on the screen."""
        return [(view.panel, view.columns) for view in self.views if view.panel.name in self.visible]

    def render(self, state: object) -> bool:
        """Show what has come. Return whether there is more to paint."""
        if state.model != self._model and state.layers():
            self._arrange(state)
            return True
        pictures, chosen = state.inside.pictures, state.inside.chosen
        for view in self.views:
            view.mark(chosen)
        for view in self.views:
            drawn = view.panel.is_weights() or not state.blank
            if view.panel.name in self.visible and view.show(pictures.get(view.panel.name) if drawn else None):
                self.chosen.show(state, self.views)
                return True
        self.chosen.show(state, self.views)
        return False

    def _arrange(self, state: object) -> None:
        """Make room for the panels of a network."""
        self._model = state.model
        self._width = self.root.clientWidth
        self.page.dispatch("network_left")
        for observer in self._observers:
            observer.disconnect()
        self.place.innerHTML = ""
        self.visible = []
        width = self.place.clientWidth
        if width > 640:
            width = (width - GAP) / 2
        self.views = [
            PanelView(panel, columns_for(panel, width), self._choose) for panel in panels_for(state.layers())
        ]
        for view in self.views:
            self.place.appendChild(view.element)
        self._observers = [when_visible(view.element, self._seen) for view in self.views]
        self.chosen.arrange(self.views)

    def _seen(self, element: object, on: bool) -> None:
        name = element.getAttribute("data-panel")
        self.visible = [other for other in self.visible if other != name] + ([name] if on else [])
        if on:
            self.seen()

    def _choose(self, stage: int, unit: int) -> None:
        if self.page.state.inside.chosen != (stage, unit):
            self.page.dispatch("unit_chosen", stage=stage, unit=unit)
            self.seen()


class ChosenView:
    """Says what the chosen unit does: its pictures, enlarged, a sentence, and its votes for the ten digits."""

    def __init__(self, element: object) -> None:
        self.element = element
        self.pictures = element.querySelector(".chosen-pictures")
        self.words = element.querySelector(".chosen-words")
        self.said = element.querySelector(".unseen")
        self.votes = element.querySelector(".votes")
        self.votes.innerHTML = "".join(
            f'<li><span class="bar"><i></i></span><b>{digit}</b><span class="vote"></span></li>'
            for digit in range(10)
        )
        self.bars = list(self.votes.querySelectorAll("i"))
        self.numbers = list(self.votes.querySelectorAll(".vote"))
        self._canvases: dict = {}  # panel's name → its canvas here
        self._shown: list = [0, 0, 0]

    def arrange(self, views: list) -> None:
        """Make room for the enlarged pictures."""
        self.pictures.innerHTML = ""
        self._canvases = {}
        for view in views:
            if view.choosable and view.panel.side > 1:
                canvas = document.createElement("canvas")
                set_attribute(canvas, "width", str(view.panel.side))
                set_attribute(canvas, "height", str(view.panel.side))
                set_attribute(canvas, "aria-hidden", "true")
                self.pictures.appendChild(canvas)
                self._canvases[view.panel.name] = canvas

    def show(self, state: object, views: list) -> None:
        """Show the chosen unit."""
        chosen, votes = state.inside.chosen, state.inside.votes
        for view in views:
            canvas = self._canvases.get(view.panel.name)
            if canvas is not None:
                of_stage = chosen is not None and chosen[0] == view.panel.stage
                set_flag(canvas, "hidden", not of_stage)
                if of_stage:
                    view.enlarge(chosen[1], canvas.getContext("2d"))
        shown = [chosen, votes, state.blank]
        if all(now is before for now, before in zip(shown, self._shown, strict=True)):
            return
        newly = chosen is not self._shown[0] or self._shown[1] is None
        self._shown = shown
        if chosen is None:
            set_text(self.words, INVITATION)
            set_flag(self.votes, "hidden", True)
            return
        self._show_votes(chosen, None if state.blank else votes, views)
        if newly:  # while the network learns the numbers change all the time: that is not told
            set_text(self.said, self.words.textContent)

    def _show_votes(self, chosen: tuple, votes: dict | None, views: list) -> None:
        noun = next(descriptions.kind(view.panel) for view in views if view.panel.stage == chosen[0])
        shares = [float(vote) for vote in votes["votes"]] if votes else [0.0] * 10
        activation = float(votes["activation"]) if votes else None
        set_text(self.words, descriptions.chosen(noun, chosen[1], activation, shares))
        set_flag(self.votes, "hidden", not activation)
        most = max(abs(share) for share in shares) or 1.0
        for bar, number, share in zip(self.bars, self.numbers, shares, strict=True):
            bar.style.transform = f"scaleY({-share / most:.3f})"
            set_attribute(bar, "class", "for" if share > 0 else "against")
            set_text(number, descriptions.vote(share))
