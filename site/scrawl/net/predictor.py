"""From strokes or ink to probabilities: the kernel makes a picture of 28×28 pixels, and the network is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.calibration import measure_ink
from scrawl.net.network import PIXELS
from scrawl.net.parameters import FLOAT

if TYPE_CHECKING:
    from typing import TypedDict

    from scrawl.net.interfaces import Bytes, Floats, Kernel
    from scrawl.net.network import Network

    class Prediction(TypedDict):
        """What a network says of a drawing: its picture of 784 bytes and ten probabilities, or that it is blank."""

        blank: bool
        picture: Bytes | None
        probabilities: list[float]
        unlike: bool  # any digit that the network has learned


class Predictor:
    """Predicts one picture after the other; `image` is the address of the last one's 784 bytes."""

    def __init__(self, kernel: Kernel, network: Network) -> None:
        self.kernel = kernel
        self.network = network
        self.image = kernel.alloc(PIXELS)
        self.picture: Bytes | None = None  # its 784 bytes
        self._canvas = kernel.alloc(int(kernel.function("canvas_size")()))
        self._ink = kernel.alloc(3 * FLOAT)  # what is measured of the picture
        self._input = 0  # where the last drawing is
        self._capacity = 0

    def predict_drawing(self, pixels: Bytes, width: int, height: int) -> Prediction:
        """Return what a drawing shows: `pixels` (width × height) has 255 for full ink."""
        self._reserve(self.kernel.size(pixels))
        self.kernel.write(self._input, pixels)
        return self._predict(self.kernel.function("normalise")(self._input, width, height, self.image))

    def predict_path(self, path: Floats) -> Prediction:
        """Return what strokes of a pen show; `pen.c` says what the numbers are."""
        size = self.kernel.size(path)
        self._reserve(4 * size)
        self.kernel.write_floats(self._input, path)
        return self._predict(self.kernel.function("draw_path")(self._input, size, self._canvas, self.image))

    def predict_picture(self, picture: Bytes) -> Prediction:
        """Return what a picture shows that is normalised already."""
        self.kernel.write(self.image, picture)
        self.picture = picture
        return self.predict_again()

    def _reserve(self, size: int) -> None:
        if size > self._capacity:
            self._capacity = 2 * size  # a path grows point by point, and what was reserved is never free again
            self._input = self.kernel.alloc(self._capacity)

    def _predict(self, drawn: int) -> Prediction:
        """Ask about the picture that the kernel has made, if there was anything to make it of."""
        if not drawn:
            self.picture = None
            return {"blank": True, "picture": None, "probabilities": [], "unlike": False}
        self.picture = self.kernel.read_bytes(self.image, PIXELS)
        return self.predict_again()

    def predict_again(self) -> Prediction:
        """Ask the network about the same picture: its weights may have changed.

        There are no probabilities where it answers with no numbers, as it may in a training that goes wrong.
        """
        scores = [float(score) for score in self.network.scores(self.image)]
        calibration = self.network.calibration
        unlike = self.picture is not None and calibration.is_unlike(
            scores, measure_ink(self.kernel, self.image, self._ink)
        )
        probabilities = calibration.probabilities(scores)
        return {"blank": False, "picture": self.picture, "probabilities": probabilities, "unlike": unlike}
