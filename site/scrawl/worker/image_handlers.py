"""The worker's half of the drawing tools: tells the ink of an image from its paper, in the kernel."""


class Images:
    """Answers what the page asks about images."""

    def __init__(self, worker: object) -> None:
        self.worker = worker
        self._colours = 0  # where they lie in the kernel's memory
        self._room = 0

    def ink(self, number: int, width: int, height: int, colours: object) -> None:
        """Find the ink in width × height × 4 bytes of colours."""
        kernel = self.worker.kernel
        if colours.length > self._room:
            self._room = colours.length
            self._colours = kernel.alloc(self._room)
        kernel.write(self._colours, colours)
        found = kernel.function("ink_of")(self._colours, width, height)
        ink = kernel.bytes.slice(self._colours, self._colours + width * height) if found else None
        self.worker.tell("inked", number=number, width=width, height=height, ink=ink)
