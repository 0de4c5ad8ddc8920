"""Keeps the worker's reading up to date with the drawing, one question at a time."""

from scrawl.ui.pad_view import RASTER

INK = 26  # the first value that counts as ink, as in `normalise.c`


class Reading:
    """Asks what the drawing says whenever it has changed, and again if it changed meanwhile."""

    def __init__(self, page: object, pad: object) -> None:
        self.page = page
        self.pad = pad
        self.asked = -1  # revision of the drawing that was asked about
        self.waiting = False
        self.bare = lambda: None  # returns the drawing's 784 bytes where it is not to be normalised

    def again(self, **_opened: object) -> None:
        """Ask anew: it is another network that answers now."""
        self.asked, self.waiting = -1, False
        self.page.show()

    def render(self, state: object) -> None:
        """Ask, if there is something new and no answer is due."""
        if self.waiting or not state.record.opened or self.asked == state.drawing.revision:
            return
        self.waiting = True
        self.asked = state.drawing.revision
        sample = state.drawing.sample()
        picture = sample[0] if sample and not state.drawing.strokes() else self.bare()
        if picture is not None and has_ink(picture):
            self.page.ask("predict_picture", number=self.asked, picture=picture)
        else:
            self.page.ask("predict", number=self.asked, width=RASTER, height=RASTER, pixels=self.pad.pixels())

    def answered(self, number: int, **reading: object) -> None:
        """Take the worker's answer; number 0 is one it gave by itself, because its weights have changed."""
        if number == self.asked:
            self.waiting = False
        if number in (0, self.asked):
            self.page.dispatch("predicted", **reading)


def has_ink(picture: object) -> bool:
    """Whether anything is to be seen on a picture."""
    return any(picture[place] >= INK for place in range(picture.length))
