"""From the pad's ink to probabilities: normalises the drawing in the kernel, and asks the network."""

from browser import self as window

PIXELS = 28 * 28


class Reader:
    """Reads one picture after the other; `image` is the address of the last one's 784 floats."""

    def __init__(self, kernel: object, network: object) -> None:
        self.kernel = kernel
        self.network = network
        self.image = kernel.alloc(4 * PIXELS)
        self.picture = None  # its 784 bytes
        self._gray = 0
        self._room = 0

    def read_drawing(self, pixels: object, width: int, height: int) -> dict:
        """Return what a drawing says: `pixels` (width × height) has 255 for full ink."""
        if pixels.length > self._room:
            self._room = pixels.length
            self._gray = self.kernel.alloc(self._room)
        self.kernel.write(self._gray, pixels)
        if not self.kernel.function("normalise")(self._gray, width, height, self.image):
            self.picture = None
            return {"blank": True, "picture": None, "probabilities": []}
        self.picture = _to_bytes(self.kernel.read_floats(self.image, PIXELS))
        return self.read_again()

    def read_picture(self, picture: object) -> dict:
        """Return what a picture says that is normalised already."""
        floats = window.Float32Array.new(PIXELS)
        for place in range(PIXELS):
            if picture[place]:
                floats[place] = picture[place] / 255
        self.kernel.write_floats(self.image, floats)
        self.picture = picture
        return self.read_again()

    def read_again(self) -> dict:
        """Ask the network about the same picture: its weights may have changed."""
        probabilities = [float(p) for p in self.network.predict(self.image)]
        return {"blank": False, "picture": self.picture, "probabilities": probabilities}


def _to_bytes(floats: object) -> object:
    picture = window.Uint8Array.new(PIXELS)
    for place in range(PIXELS):
        if floats[place]:
            picture[place] = int(255 * floats[place] + 0.5)
    return picture
