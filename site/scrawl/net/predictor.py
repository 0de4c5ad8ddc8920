"""From the pad's ink to probabilities: normalises the drawing in the kernel, and asks the network."""

PIXELS = 28 * 28


class Reader:
    """Reads one picture after the other; `image` is the address of the last one's 784 bytes."""

    def __init__(self, kernel: object, network: object) -> None:
        self.kernel = kernel
        self.network = network
        self.image = kernel.alloc(PIXELS)
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
        self.picture = self.kernel.bytes.slice(self.image, self.image + PIXELS)
        return self.read_again()

    def read_picture(self, picture: object) -> dict:
        """Return what a picture says that is normalised already."""
        self.kernel.write(self.image, picture)
        self.picture = picture
        return self.read_again()

    def read_again(self) -> dict:
        """Ask the network about the same picture: its weights may have changed."""
        probabilities = [float(p) for p in self.network.predict(self.image)]
        return {"blank": False, "picture": self.picture, "probabilities": probabilities}
